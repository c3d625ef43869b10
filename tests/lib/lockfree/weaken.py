#!/usr/bin/env python3
"""Copies ring_writer.hpp as weakened_ring_writer, with one order weakened: the store that publishes a header, and the ones that
would make up for it.

usage: weaken.py INPUT OUTPUT
"""
import sys
from pathlib import Path

STORES = ("mine.word.store(header_word(next_), fenced_store)", "segment_->tail.store(next_ + 1, std::memory_order_release)",
          "place.store(pack(next_, chunk), fenced_store)")

text = Path(sys.argv[1]).read_text(encoding="utf-8")
for store in STORES:
    if text.count(store) != 1:
        sys.exit(f"{sys.argv[1]}: not once there: {store}")
    text = text.replace(store, store[:store.rindex(",")] + ", std::memory_order_relaxed)")
text = text.replace("ring_writer", "weakened_ring_writer")
Path(sys.argv[2]).write_text(text, encoding="utf-8")
