"""Pushes with prometheus_client, as jobs in Python do.

    push.py URL push     pushes to several groups
    push.py URL delete   deletes them all
"""

import sys

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Enum,
    Gauge,
    Histogram,
    Info,
    Summary,
    delete_from_gateway,
    instance_ip_grouping_key,
    push_to_gateway,
    pushadd_to_gateway,
)
from prometheus_client.exposition import basic_auth_handler


def gauge(name, value):
    """A registry with nothing but this gauge."""
    registry = CollectorRegistry()
    Gauge(name, f"The gauge {name}.", registry=registry).set(value)
    return registry


def every_type():
    """A registry with a metric of every type, some with labels that need escaping."""
    registry = CollectorRegistry()
    tasks = Counter("tasks", "Tasks done.", ["outcome"], registry=registry)
    tasks.labels("ok").inc(3)
    tasks.labels('failed: "disk\\full"\n').inc()
    Gauge("temperature_celsius", "How warm it is.", registry=registry).set(-2.5)
    wait = Histogram("wait_seconds", "Time waited.", buckets=(0.5, 2.5), registry=registry)
    for seconds in (0.25, 1.5, 7):
        wait.observe(seconds)
    size = Summary("size_bytes", "Sizes.", registry=registry)
    size.observe(100)
    size.observe(200)
    Info("build", "What was built.", registry=registry).info({"version": "1.2.3"})
    Enum("phase", "The phase.", states=["start", "end"], registry=registry).state("end")
    return registry


def with_password(url, method, timeout, headers, data):
    """A handler as the documentation of prometheus_client shows it."""
    return basic_auth_handler(url, method, timeout, headers, data, "user", "secret")


GROUPS = [
    {"job": "python", "grouping_key": {"instance": "worker-1"}},
    {"job": "python added"},
    {"job": "nightly/python backup", "grouping_key": {"path": "/var/tmp", "zone": "a b", "empty": ""}},
    {"job": "python-gzip"},
    {"job": "python-snappy"},
    {"job": "python-password"},
    {"job": "python-ip", "grouping_key": instance_ip_grouping_key()},
]


def push(url):
    all_types, added, odd, gzip, snappy, password, ip = GROUPS

    push_to_gateway(url, registry=gauge("replaced", 1), **all_types)
    push_to_gateway(url, registry=every_type(), **all_types)

    pushadd_to_gateway(url, registry=gauge("kept", 1), **added)
    pushadd_to_gateway(url, registry=gauge("changed", 1), **added)
    pushadd_to_gateway(url, registry=gauge("changed", 2), **added)

    push_to_gateway(url, registry=gauge("odd_values", 1), **odd)
    push_to_gateway(url, registry=gauge("compressed", 1), compression="gzip", **gzip)
    push_to_gateway(url, registry=gauge("compressed", 2), compression="snappy", **snappy)
    push_to_gateway(url, registry=gauge("authorized", 1), handler=with_password, **password)
    push_to_gateway(url, registry=gauge("with_ip", 1), **ip)


def delete(url):
    for group in GROUPS:
        delete_from_gateway(url, **group)


if __name__ == "__main__":
    url, step = sys.argv[1:]
    {"push": push, "delete": delete}[step](url)
