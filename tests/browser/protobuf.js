// Native histograms, which only protobuf can push: as much of io.prometheus.client as they need.

/** The headers of such a push. */
export const PROTOBUF = {
  "Content-Type": "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited",
};

const HISTOGRAM = 4;

function varint(number) {
  const bytes = [];
  let rest = BigInt.asUintN(64, BigInt(number));
  do {
    bytes.push(Number(rest & 127n) | (rest > 127n ? 128 : 0));
    rest >>= 7n;
  } while (rest > 0n);
  return bytes;
}

const zigzag = (number) => (BigInt(number) << 1n) ^ (BigInt(number) >> 63n);
const integer = (field, number) => [...varint(field << 3), ...varint(number)];
const signed = (field, number) => integer(field, zigzag(number));
const double = (field, number) => [...varint((field << 3) | 1), ...new Uint8Array(new Float64Array([number]).buffer)];
const bytes = (field, content) => [...varint((field << 3) | 2), ...varint(content.length), ...content];
const string = (field, text) => bytes(field, new TextEncoder().encode(text));

/**
 * A family with one native histogram: bucket `first` and those after it hold `counts`. With `float`, these may be
 * fractions.
 */
export function nativeHistogram(name, help, { schema, first, counts, zeros, sum, float = false }) {
  const total = counts.reduce((all, count) => all + count, zeros);
  const deltas = counts.map((count, at) => count - (counts[at - 1] ?? 0));
  const histogram = [
    ...(float ? double(4, total) : integer(1, total)),
    ...double(2, sum),
    ...signed(5, schema),
    ...double(6, 0.001),
    ...(float ? double(8, zeros) : integer(7, zeros)),
    ...bytes(12, [...signed(1, first), ...integer(2, counts.length)]),
    ...(float ? counts.flatMap((count) => double(14, count)) : deltas.flatMap((delta) => signed(13, delta))),
  ];
  const family = [...string(1, name), ...string(2, help), ...integer(3, HISTOGRAM), ...bytes(4, bytes(7, histogram))];
  return new Uint8Array([...varint(family.length), ...family]);
}
