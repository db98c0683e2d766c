"""What the decorators of kernels promise."""

import numba
import numpy as np
import pytest

from abm.compiled import for_kernels, inlined, kernel, wrapping

pytestmark = pytest.mark.skipif(numba.config.DISABLE_JIT, reason="nothing is compiled (NUMBA_DISABLE_JIT)")


@pytest.mark.parametrize("decorate", [kernel, inlined, wrapping])
def test_constants_that_callers_write_out_need_no_forms_of_their_own(decorate):
    @decorate
    def added(x: int, y: int) -> int:
        return x + y

    @kernel
    def twice(x: int) -> int:
        return added(x, 1) + added(x, 2) + added(x, y=3)

    assert twice(4) == 18
    assert len(added.signatures) == 1


def test_a_table_that_kernels_take_already_is_not_wrapped_again():
    table = np.zeros(2, [("price", "i8")])
    assert for_kernels(table) is table
    assert type(for_kernels(table.view(np.recarray))) is np.ndarray
