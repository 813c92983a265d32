"""Makes the pushes in a store look older than they are, each by another age: `age.py STORE`.

Only for pictures: it writes the time into the header of each entry (docs/storage.md) in the default store's file.
"""

import hashlib
import sqlite3
import struct
import sys

AGES = [20, 45, 130, 200, 400, 700, 1500, 2400, 3000, 5000, 9000, 15000, 30000, 50000, 80000, 100000, 300000, 2000000]
START = b"PGW\x02"
TIME = slice(5, 13)

store = sqlite3.connect(sys.argv[1], timeout=10)
for key, value in store.execute("SELECT key, value FROM spin_key_value").fetchall():
    if not value.startswith(START):
        continue
    (time,) = struct.unpack("<Q", value[TIME])
    age = AGES[int(hashlib.sha256(key.encode()).hexdigest(), 16) % len(AGES)]
    older = value[: TIME.start] + struct.pack("<Q", time - age * 10**9) + value[TIME.stop :]
    store.execute("UPDATE spin_key_value SET value = ? WHERE key = ?", (older, key))
store.commit()
