/** One value of DER (X.690, 8.1 and 10): its tag, its content, and all of its bytes. */
export interface DerValue {
  readonly tag: number;
  readonly content: Buffer;
  readonly whole: Buffer;
}

export const derTags = {
  bmpString: 0x1e,
  ia5String: 0x16,
  printableString: 0x13,
  sequence: 0x30,
  set: 0x31,
  t61String: 0x14,
  universalString: 0x1c,
  utf8String: 0x0c,
  version: 0xa0,
  visibleString: 0x1a,
} as const;

/** The values that follow one another in these bytes. Throws a RangeError where they are no DER. */
export function derValuesIn(bytes: Buffer): DerValue[] {
  const values: DerValue[] = [];
  for (let offset = 0; offset < bytes.length;) {
    const value = readValue(bytes.subarray(offset));
    values.push(value);
    offset += value.whole.length;
  }
  return values;
}

/** The bytes of a value with this tag and content. */
export function encodeDer(tag: number, content: Buffer): Buffer {
  const { length } = content;
  if (length < 0x80) return Buffer.concat([Buffer.from([tag, length]), content]);
  const digits = Buffer.from(evenHex(length), 'hex');
  return Buffer.concat([Buffer.from([tag, 0x80 | digits.length]), digits, content]);
}

function evenHex(value: number): string {
  const hex = value.toString(16);
  return hex.length % 2 === 0 ? hex : `0${hex}`;
}

function readValue(bytes: Buffer): DerValue {
  const tag = bytes.readUInt8(0);
  const first = bytes.readUInt8(1);
  const lengthBytes = first < 0x80 ? 0 : first & 0x7f;
  if (lengthBytes > 4 || first === 0x80) throw new RangeError('no length of DER');
  const start = 2 + lengthBytes;
  const length = lengthBytes === 0 ? first : bytes.readUIntBE(2, lengthBytes);
  if (start + length > bytes.length) throw new RangeError('a value that is cut off');
  const whole = bytes.subarray(0, start + length);
  return { tag, content: whole.subarray(start), whole };
}
