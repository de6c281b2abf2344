import { createHash, X509Certificate } from 'node:crypto';
import forge from 'node-forge';

const { asn1 } = forge;

/**
 * The hash by which OpenSSL finds a certificate in a directory (X509_NAME_hash of OpenSSL 1.0.0 and later): SHA-1 of the
 * subject's attributes as UTF8String, in lower case, white space collapsed, without the outer SEQUENCE; its first four
 * bytes as a little-endian number in hexadecimal. Null for kinds of text that authorities of today do not use.
 */
export function subjectHash(pem: string): string | null {
  const der = new X509Certificate(pem).raw.toString('latin1');
  const [signed] = membersOf(asn1.fromDer(der));
  const fields = membersOf(signed);
  // TBSCertificate, RFC 5280, section 4.1: the version stands in front in every certificate with extensions.
  const subject = fields[5];
  const canonical: string[] = [];
  for (const attributes of membersOf(subject)) {
    const set = canonicalSet(attributes);
    if (set === null) return null;
    canonical.push(set);
  }
  const hash = createHash('sha1')
    .update(Buffer.from(canonical.join(''), 'latin1'))
    .digest();
  return hash.readUInt32LE(0).toString(16).padStart(8, '0');
}

function canonicalSet(attributes: forge.asn1.Asn1): string | null {
  const members: forge.asn1.Asn1[] = [];
  for (const attribute of membersOf(attributes)) {
    const [type, value] = membersOf(attribute);
    if (type === undefined || typeof value?.value !== 'string') return null;
    const text = utf8Bytes(value.type, value.value);
    if (text === null) return null;
    const canonical = text
      .replaceAll(/^[ \t\n\v\f\r]+|[ \t\n\v\f\r]+$/g, '')
      .replaceAll(/[ \t\n\v\f\r]+/g, ' ')
      .replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase());
    const { UNIVERSAL } = asn1.Class;
    const string = asn1.create(UNIVERSAL, asn1.Type.UTF8, false, canonical);
    members.push(asn1.create(UNIVERSAL, asn1.Type.SEQUENCE, true, [type, string]));
  }
  const set = asn1.create(asn1.Class.UNIVERSAL, asn1.Type.SET, true, members);
  return asn1.toDer(set).getBytes();
}

/** UTF8String 12, PrintableString 19, IA5String 22: their bytes are UTF-8 already. */
function utf8Bytes(type: number, bytes: string): string | null {
  return [12, 19, 22].includes(type) ? bytes : null;
}

function membersOf(node: forge.asn1.Asn1 | undefined): readonly forge.asn1.Asn1[] {
  return node === undefined || typeof node.value === 'string' ? [] : node.value;
}
