"""Social graphs by name, from a number of nodes and a generator of random numbers.

The networkx package draws the same families, one Python object for each link; those here are arrays from the
start, so that a million nodes take seconds. Any other networkx graph becomes one with
`abm.networks.social_graph.follow_graph`.
"""

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from abm.compiled import kernel
from abm.networks.graph_links import graph_from_pairs
from abm.networks.social_graph import SocialGraph
from abm.random_streams import uniform

Integers = npt.NDArray[np.int64]


def complete(nodes: int, rng: np.random.Generator) -> SocialGraph:  # noqa: ARG001
    """Return the graph in which everybody follows everybody: the well-mixed case of the closed forms."""
    others = np.tile(np.arange(nodes, dtype=np.int32), (nodes, 1))[~np.eye(nodes, dtype=np.bool_)]
    return SocialGraph(np.arange(nodes + 1, dtype=np.int64) * max(nodes - 1, 0), others)


def random_graph(
    nodes: int, rng: np.random.Generator, mean_degree: float, directed: bool = False
) -> SocialGraph:
    """Return a graph in which each pair is linked with the same probability (Gilbert 1959; "Erdos-Renyi").

    ``mean_degree`` is ``(nodes - 1)`` times that probability.
    """
    if not 0.0 <= mean_degree <= nodes - 1:
        raise ValueError(f"mean_degree is {mean_degree}; it must be from 0 to {nodes - 1} (nodes - 1)")
    share = mean_degree / max(nodes - 1, 1)
    if not directed:
        return stochastic_block(nodes, rng, sizes=[nodes], link_shares=[[share]])
    pairs = nodes * (nodes - 1)
    code = rng.choice(pairs, rng.binomial(pairs, share), replace=False, shuffle=False)
    u, v = np.divmod(code, nodes - 1)
    return graph_from_pairs(nodes, u, v + (v >= u), directed=True)


def stochastic_block(
    nodes: int, rng: np.random.Generator, sizes: npt.ArrayLike, link_shares: npt.ArrayLike
) -> SocialGraph:
    """Return groups whose members are linked by chances of their groups (Holland et al. 1983).

    Parameters
    ----------
    sizes
        Members of each group, summing to ``nodes``; nodes are numbered group after group.
    link_shares
        Probability of a link between a member of group ``a`` and one of group ``b``, symmetric, shape
        ``(groups, groups)``.
    """
    size, share = np.asarray(sizes, np.int64), np.asarray(link_shares, np.float64)
    if size.sum() != nodes or (size < 0).any():
        raise ValueError(f"sizes are {size.tolist()}; they must be 0 or more and sum to nodes, {nodes}")
    if share.shape != (len(size), len(size)) or not np.array_equal(share, share.T):
        raise ValueError(f"link_shares has shape {share.shape}; it must be symmetric, one row for each group")
    if not ((share >= 0.0) & (share <= 1.0)).all():
        raise ValueError("link_shares: probabilities must be from 0 to 1")
    first = np.concatenate([[0], np.cumsum(size)])
    us, vs = [], []
    for a in range(len(size)):
        for b in range(a, len(size)):
            pairs = int(size[a] * (size[a] - 1) // 2 if a == b else size[a] * size[b])
            code = rng.choice(pairs, rng.binomial(pairs, share[a, b]), replace=False, shuffle=False)
            u, v = _triangle(code) if a == b else np.divmod(code, size[b])
            us.append(u + first[a])
            vs.append(v + first[b])
    return graph_from_pairs(nodes, np.concatenate(us), np.concatenate(vs))


def _triangle(code: Integers) -> tuple[Integers, Integers]:
    # number k of the pairs (1,0), (2,0), (2,1), (3,0), ...
    row = ((1.0 + np.sqrt(1.0 + 8.0 * code)) / 2.0).astype(np.int64)
    row -= row * (row - 1) // 2 > code
    row += row * (row + 1) // 2 <= code
    return row, code - row * (row - 1) // 2


def preferential_attachment(nodes: int, rng: np.random.Generator, links: int) -> SocialGraph:
    """Return a graph that grew by preferential attachment (Barabasi and Albert 1999, Science 286, 509-512).

    Each new node links to ``links`` distinct earlier ones, each chosen with a chance proportional to its
    degree, by the list of link ends of Batagelj and Brandes 2005 (Phys. Rev. E 71, 036113). The first
    ``links + 1`` nodes form a star, as in networkx.
    """
    if not 1 <= links < nodes:
        raise ValueError(f"links is {links}; it must be from 1 to {nodes - 1} (nodes - 1)")
    count = links * (nodes - links)
    ends = np.zeros(2 * count, np.int64)
    _attach(ends, nodes, links, np.uint64(rng.integers(2**63)))
    return graph_from_pairs(nodes, ends[0::2], ends[1::2])


@kernel
def _attach(ends: Integers, nodes: int, links: int, key: np.uint64) -> None:
    for j in range(links):
        ends[2 * j] = links
        ends[2 * j + 1] = j
    filled = 2 * links
    for v in range(links + 1, nodes):
        known = filled
        tries = 0
        for j in range(links):
            ends[filled] = v
            repeated = True
            while repeated:
                target = ends[np.int64(uniform(key, v, tries, 0) * known)]
                tries += 1
                repeated = False
                for k in range(j):
                    repeated = repeated or ends[known + 2 * k + 1] == target
            ends[filled + 1] = target
            filled += 2


def watts_strogatz(
    nodes: int, rng: np.random.Generator, neighbours: int, rewired_share: float
) -> SocialGraph:
    """Return a ring with shortcuts (Watts and Strogatz 1998, Nature 393, 440-442).

    Everybody is linked to the nearest ``neighbours`` (even) on a ring; a ``rewired_share`` of the links then
    gets another end, chosen at random among those that make no loop and no repeated link.
    """
    if neighbours % 2 or not 0 <= neighbours < nodes:
        raise ValueError(f"neighbours is {neighbours}; it must be even, from 0 to {nodes - 1}")
    if not 0.0 <= rewired_share <= 1.0:
        raise ValueError(f"rewired_share is {rewired_share}; it must be from 0 to 1")
    steps = np.arange(1, neighbours // 2 + 1)
    u = np.repeat(np.arange(nodes), len(steps))
    v = (u + np.tile(steps, nodes)) % nodes
    wrong = np.flatnonzero(rng.random(len(u)) < rewired_share)
    for _ in range(100):
        v[wrong] = rng.integers(nodes, size=len(wrong))
        code = np.minimum(u, v) * nodes + np.maximum(u, v)
        order = np.argsort(code, kind="stable")
        repeated = np.zeros(len(u), np.bool_)
        repeated[order[1:]] = code[order[1:]] == code[order[:-1]]
        wrong = np.flatnonzero(repeated | (u == v))
        if len(wrong) == 0:
            break
    return graph_from_pairs(nodes, u, v)


def configuration(nodes: int, rng: np.random.Generator, degrees: npt.ArrayLike) -> SocialGraph:
    """Return a graph with the given degrees, link ends paired at random (Molloy and Reed 1995).

    Self-loops and repeated links that arise are erased, so that a few nodes fall short of their degree.
    """
    degree = np.asarray(degrees, np.int64)
    if degree.shape != (nodes,) or (degree < 0).any() or degree.sum() % 2:
        raise ValueError(f"degrees: {nodes} numbers of 0 or more with an even sum are needed")
    ends = rng.permutation(np.repeat(np.arange(nodes), degree))
    return graph_from_pairs(nodes, ends[0::2], ends[1::2])


def communities(
    nodes: int,
    rng: np.random.Generator,
    groups: int = 4,
    mean_degree: float = 6.0,
    inside_share: float = 0.9,
) -> SocialGraph:
    """Return a stochastic block graph of equal groups, given by degrees, whatever the number of nodes.

    Parameters
    ----------
    groups
        Number of groups; their sizes differ by one at most.
    mean_degree
        Links of a node in the mean.
    inside_share
        Share of them inside its own group, in the mean.
    """
    if not 1 <= groups <= nodes:
        raise ValueError(f"groups is {groups}; it must be from 1 to {nodes} (nodes)")
    if not 0.0 <= inside_share <= 1.0:
        raise ValueError(f"inside_share is {inside_share}; it must be from 0 to 1")
    sizes = np.diff(np.rint(np.linspace(0, nodes, groups + 1)).astype(np.int64))
    if groups == 1:
        inside_share = 1.0
    own, others = mean_degree * inside_share, mean_degree * (1.0 - inside_share)
    shares = np.full((groups, groups), others / max(nodes - nodes / groups, 1.0))
    np.fill_diagonal(shares, own / max(nodes / groups - 1.0, 1.0))
    if not 0.0 <= shares.max() <= 1.0:
        raise ValueError(f"mean_degree is {mean_degree}; that is more links than {nodes} nodes have room for")
    return stochastic_block(nodes, rng, sizes, shares)


def heavy_tailed(
    nodes: int, rng: np.random.Generator, mean_degree: float = 6.0, exponent: float = 2.5
) -> SocialGraph:
    """Return a configuration graph whose degrees are drawn from a Pareto law.

    Parameters
    ----------
    mean_degree
        Mean of the degrees drawn, before loops and repeated links are erased and degrees of ``nodes - 1`` and
        above are cut.
    exponent
        Exponent of the density of degrees, above 2; 2 to 3 has hubs.
    """
    if not exponent > 2.0:
        raise ValueError(f"exponent is {exponent}; it must be above 2")
    if not 0.0 < mean_degree <= max(nodes - 1, 1):
        raise ValueError(f"mean_degree is {mean_degree}; it must be above 0, to {nodes - 1} (nodes - 1)")
    least = mean_degree * (exponent - 2.0) / (exponent - 1.0)
    drawn = least * (1.0 - rng.random(nodes)) ** (-1.0 / (exponent - 1.0))
    degrees = np.minimum(np.floor(drawn + rng.random(nodes)), nodes - 1).astype(np.int64)
    if degrees.sum() % 2:
        degrees[np.argmin(degrees)] += 1
    return configuration(nodes, rng, degrees)


def private_groups(nodes: int, rng: np.random.Generator, size: int) -> SocialGraph:
    """Return the graph of private groups: everybody is in one, with ``size - 1`` others drawn at random.

    The last group has fewer members where ``size`` does not divide ``nodes``.
    """
    if size < 2:
        raise ValueError(f"size is {size}; it must be at least 2")
    place = np.arange(nodes, dtype=np.int64)
    first = place // size * size
    others = np.minimum(first + size, nodes) - first - 1
    start = np.concatenate([[0], np.cumsum(others)])
    offset = np.arange(start[-1]) - np.repeat(start[:-1], others)
    member = np.repeat(first, others) + offset
    member += member >= np.repeat(place, others)
    return SocialGraph(start, member.astype(np.int32)).relabelled(rng.permutation(nodes))


def edge_list(
    nodes: int,
    rng: np.random.Generator,  # noqa: ARG001
    file: str | Path,
    directed: bool = True,
) -> SocialGraph:
    """Return the graph of a text file with a link on each line.

    Two node numbers from 0 on a line, apart by blanks or a comma; the first follows the second, and the
    other way round too unless ``directed``. What comes after ``#`` is a comment.

    Raises
    ------
    ValueError
        If a line does not hold two node numbers; the message names file and line.
    """
    pairs = []
    with Path(file).open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            words = line.partition("#")[0].replace(",", " ").split()
            if not words:
                continue
            if len(words) != 2 or not all(word.isdecimal() for word in words):
                raise ValueError(f"{file}, line {number}: {line.strip()!r} is not two node numbers")
            if max(map(int, words)) >= nodes:
                raise ValueError(f"{file}, line {number}: {line.strip()!r}; nodes are 0 to {nodes - 1}")
            pairs.append((int(words[0]), int(words[1])))
    ends = np.array(pairs, np.int64).reshape(-1, 2)
    return graph_from_pairs(nodes, ends[:, 0], ends[:, 1], directed)


GRAPHS: dict[str, Callable[..., SocialGraph]] = {
    "barabasi_albert": preferential_attachment,
    "communities": communities,
    "complete": complete,
    "configuration": configuration,
    "edge_list": edge_list,
    "heavy_tailed": heavy_tailed,
    "private_groups": private_groups,
    "random": random_graph,
    "stochastic_block": stochastic_block,
    "watts_strogatz": watts_strogatz,
}
"""Name -> function of nodes, generator of random numbers and own parameters. Add a family by an entry."""


def make_graph(name: str, nodes: int, rng: np.random.Generator, **parameters: Any) -> SocialGraph:
    """Return a graph of the family ``name`` of `GRAPHS`.

    Parameters
    ----------
    nodes
        Number of nodes, at least 1.
    rng
        Source of randomness.
    **parameters
        The family's own, by name.

    Raises
    ------
    ValueError
        If the family is unknown, a parameter is missing, unknown or out of range.
    """
    if name not in GRAPHS:
        raise ValueError(f"graph is {name!r}; known: {', '.join(sorted(GRAPHS))}")
    if nodes < 1:
        raise ValueError(f"nodes is {nodes}; it must be at least 1")
    own = list(inspect.signature(GRAPHS[name]).parameters.values())[2:]
    needed = {item.name for item in own if item.default is inspect.Parameter.empty}
    known = {item.name for item in own}
    for word, names in (("missing", needed - set(parameters)), ("unknown", set(parameters) - known)):
        if names:
            raise ValueError(f"graph {name}: {word} {', '.join(sorted(names))}; it has {sorted(known)}")
    return GRAPHS[name](nodes, rng, **parameters)
