# protobuf.py - fields of a message as (number, value), bytes for what has a length.
#
# Room: tests.  SPDX-License-Identifier: MIT
from harness import check


def varint(data, at):
    value = shift = 0
    while True:
        value |= (data[at] & 0x7f) << shift
        shift += 7
        at += 1
        if data[at - 1] < 0x80:
            return value, at


def fields(data):
    at = 0
    while at < len(data):
        key, at = varint(data, at)
        if key & 7 == 0:
            value, at = varint(data, at)
        elif key & 7 == 1:
            value, at = data[at:at + 8], at + 8
        else:
            check(key & 7 == 2, 'a wire type that nobody writes', key)
            n, at = varint(data, at)
            value, at = data[at:at + n], at + n
            check(len(value) == n, 'a field is cut')
        yield key >> 3, value


def packed(data):
    at, all_of_it = 0, []
    while at < len(data):
        value, at = varint(data, at)
        all_of_it.append(value)
    return all_of_it


def only(message, number):
    return [v for n, v in fields(message) if n == number]
