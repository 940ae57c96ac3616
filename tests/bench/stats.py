#!/usr/bin/env python3
# stats.py - pairs in, one line of verdict a name out.
#
# In:  NAME <tab> HOW <tab> UNIT <tab> GOAL <tab> WITH [<tab> WITHOUT], a line a pair, where HOW is
#      more (WITH - WITHOUT), ratio (WITH / WITHOUT) or value (WITH), GOAL is <=N, >=N or -.
# Out: the median over the pairs, its quartiles, the goal, met or missed.
#
# Room: tests.  SPDX-License-Identifier: MIT
import statistics
import sys


class Series:
    def __init__(self, name, how, unit, goal):
        self.name, self.how, self.unit, self.goal = name, how, unit, goal
        self.withs, self.withouts = [], []

    def add(self, halves):
        self.withs.append(float(halves[0]))
        if self.how != 'value':
            self.withouts.append(float(halves[1]))

    def numbers(self):
        if self.how == 'value':
            return self.withs
        both = zip(self.withs, self.withouts)
        return [w / o if self.how == 'ratio' else w - o for w, o in both]

    def verdict(self, median):
        if self.goal == '-':
            return ''
        holds = median <= float(self.goal[2:]) if self.goal[0] == '<' else \
            median >= float(self.goal[2:])
        return 'met' if holds else 'missed'

    def line(self):
        numbers = self.numbers()
        median = statistics.median(numbers)
        spread, halves = '', ''
        if len(numbers) > 1:
            low, _, high = statistics.quantiles(numbers, n=4, method='inclusive')
            spread = '%s .. %s, %d' % (short(low), short(high), len(numbers))
        if self.withouts:
            halves = '%s / %s' % (short(statistics.median(self.withs)),
                                  short(statistics.median(self.withouts)))
        sign = '+' if self.how == 'more' and median >= 0 else ''
        return ('%-44s %9s %-3s %-24s %-19s %-7s %s' % (
            self.name, sign + short(median), self.unit, spread, halves,
            '' if self.goal == '-' else self.goal, self.verdict(median))).rstrip()


def short(number):
    """Four digits, as many of them behind the point as it takes; never an exponent."""
    size = abs(number)
    return '%.*f' % (3 if size < 10 else 1 if size < 1000 else 0, number)


def main():
    series = {}
    for line in sys.stdin:
        name, how, unit, goal, *halves = line.rstrip('\n').split('\t')
        series.setdefault(name, Series(name, how, unit, goal)).add(halves)
    if not series:
        sys.exit('stats.py: nothing was measured')
    for one in series.values():
        print(one.line(), flush=True)


if __name__ == '__main__':
    main()
