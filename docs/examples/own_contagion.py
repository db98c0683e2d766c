"""A social graph and a rule of contagion of one's own, beside the shipped ones."""

import networkx as nx
import numpy as np

from abm.networks.graphs import GRAPHS, make_graph
from abm.networks.social_graph import follow_graph
from abm.networks.social_rules import RULES, make_rule
from abm.random_streams import generator, stream_key


def caves(nodes, rng, cave):
    """Return groups in which everybody follows everybody, joined in a ring."""
    return follow_graph(nx.connected_caveman_graph(nodes // cave, cave))


def caves_of_any_size(nodes, _rng, cave):
    """Return the same for any number of nodes: those left over follow nobody."""
    graph = nx.connected_caveman_graph(nodes // cave, cave)
    graph.add_nodes_from(range(nodes))
    return follow_graph(graph)


class Majority:
    """Everybody takes the mood of most of those followed; who sees a tie waits."""

    def __init__(self, graph, _key, look_s=60.0):
        self.graph, self.look_s, self.waited_s = graph, look_s, 0.0
        self.follower = np.repeat(np.arange(graph.nodes), np.diff(graph.start))
        self.mood = np.zeros(graph.nodes)

    def post(self, nodes, tone):
        self.mood[nodes] = np.sign(tone)

    def step(self, step_s):
        self.waited_s += step_s
        while self.waited_s >= self.look_s:
            self.waited_s -= self.look_s
            seen = self.mood[self.graph.followed]
            total = np.bincount(self.follower, seen, self.graph.nodes)
            self.mood = np.where(total == 0, self.mood, np.sign(total))

    def sentiment(self):
        return self.mood


GRAPHS["caves"] = caves
RULES["majority"] = Majority


def main():
    graph = make_graph("caves", 1000, generator(1, "graph"), cave=10)
    for name in ("majority", "degroot", "rumour"):
        rule = make_rule(name, graph, stream_key(1, name))
        rule.post(np.arange(300), -1.0)
        for _ in range(60):
            rule.step(60.0)
        print(f"{name}: {(rule.sentiment() < -0.1).mean():.1%} afraid after an hour")


if __name__ == "__main__":
    main()
