# SPDX-License-Identifier: GPL-2.0-or-later
"""Classes, dictionaries, strings, generators, sorting."""


class Node:
    def __init__(self, key):
        self.key, self.left, self.right = key, None, None

    def add(self, key):
        side = "left" if key < self.key else "right"
        child = getattr(self, side)
        if child is None:
            setattr(self, side, Node(key))
        else:
            child.add(key)

    def __iter__(self):
        if self.left:
            yield from self.left
        yield self.key
        if self.right:
            yield from self.right


def numbers(n, x=1):
    for _ in range(n):
        x = (x * 1103515245 + 12345) % 2147483648
        yield x


tree = Node(1 << 30)
for value in numbers(12000):
    tree.add(value)
print(sum(i * k for i, k in enumerate(tree)))
count = {}
for word in open("/data/corpus").read(2000000).split():
    count[word] = count.get(word, 0) + 1
print(sorted(count.items(), key=lambda item: (-item[1], item[0]))[:10])
print(sum(len(str(i ** 9)) for i in range(100000)))
