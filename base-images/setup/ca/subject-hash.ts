import { createHash } from 'node:crypto';
import { derTags, type DerValue, derValuesIn, encodeDer } from './der.ts';

/**
 * The eight digits under which OpenSSL, since 1.0, looks for a certificate in a directory: its `-subject_hash`. That is SHA-1
 * over the subject's RDNs in their canonical form (RFC 5280, 7.1, as OpenSSL's X509_NAME_hash does it): strings as UTF-8,
 * small letters, with single spaces inside and none around. Throws a RangeError for what is no certificate.
 */
export function subjectHash(certificate: Buffer): string {
  const canonical = derValuesIn(subjectOf(certificate).content).map(canonicalRdn);
  const digest = createHash('sha1').update(Buffer.concat(canonical)).digest();
  return digest.readUInt32LE(0).toString(16).padStart(8, '0');
}

/** In TBSCertificate (RFC 5280, 4.1) the subject is the fifth field after the version, which may be missing. */
function subjectOf(certificate: Buffer): DerValue {
  const [outer] = derValuesIn(certificate);
  const [signed] = derValuesIn(outer?.content ?? Buffer.alloc(0));
  const fields = derValuesIn(signed?.content ?? Buffer.alloc(0));
  const subject = fields[fields[0]?.tag === derTags.version ? 5 : 4];
  if (subject?.tag !== derTags.sequence) throw new RangeError('a certificate without a subject');
  return subject;
}

function canonicalRdn(rdn: DerValue): Buffer {
  const attributes = derValuesIn(rdn.content).map(canonicalAttribute);
  // A SET OF has its members in the order of their bytes.
  return encodeDer(derTags.set, Buffer.concat(attributes.toSorted((a, b) => a.compare(b))));
}

function canonicalAttribute(attribute: DerValue): Buffer {
  const [type, value] = derValuesIn(attribute.content);
  if (type === undefined || value === undefined) throw new RangeError('an attribute without value');
  const text = textOf(value);
  const canonical =
    text === null ? value.whole : encodeDer(derTags.utf8String, Buffer.from(folded(text), 'utf8'));
  return encodeDer(derTags.sequence, Buffer.concat([type.whole, canonical]));
}

/** Space, and what C's isspace takes for it: OpenSSL looks at ASCII alone. */
function folded(text: string): string {
  return text
    .replaceAll(/[\t-\r ]+/g, ' ')
    .replaceAll(/^ | $/g, '')
    .replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase());
}

/** Null for a type of which OpenSSL takes the bytes as they are. */
function textOf({ tag, content }: DerValue): string | null {
  switch (tag) {
    case derTags.utf8String:
      return content.toString('utf8');
    case derTags.printableString:
    case derTags.ia5String:
    case derTags.visibleString:
    case derTags.t61String:
      return content.toString('latin1');
    case derTags.bmpString:
      return Buffer.from(content).swap16().toString('utf16le');
    case derTags.universalString:
      return Array.from({ length: content.length / 4 }, (_, index) =>
        String.fromCodePoint(content.readUInt32BE(index * 4)),
      ).join('');
    default:
      return null;
  }
}
