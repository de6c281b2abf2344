import forge from 'node-forge';

const { asn1 } = forge;

export const nameConstraintsOid = '2.5.29.30';

/** GeneralName, RFC 5280, section 4.2.1.6: the context tags. */
const dnsNameTag = 2;
const addressTag = 7;
/** NameConstraints, RFC 5280, section 4.2.1.10: the context tags. */
const permittedTag = 0;
const excludedTag = 1;

/** Address and mask of nothing but zeros cover every address of the family. */
const everyAddress = ['\0'.repeat(8), '\0'.repeat(32)];

/**
 * The extension nameConstraints (RFC 5280, section 4.2.1.10) that confines an authority to these hosts: DNS names are
 * permitted, all IP addresses are excluded, as a kind of name without a rule would be free. A permitted name covers the
 * host and, by the standard, every name below it; there is no form that would name the host alone.
 */
export function nameConstraintsFor(hosts: readonly string[]): {
  readonly id: string;
  readonly critical: true;
  readonly value: forge.asn1.Asn1;
} {
  const value = sequence([
    subtrees(
      permittedTag,
      hosts.map((host) => generalName(dnsNameTag, host)),
    ),
    subtrees(
      excludedTag,
      everyAddress.map((bytes) => generalName(addressTag, bytes)),
    ),
  ]);
  return { id: nameConstraintsOid, critical: true, value };
}

/** The DNS names that the extension permits; null where its bytes are none that Ashlar makes. */
export function permittedHosts(extension: string): readonly string[] | null {
  const [permitted] = membersOf(asn1.fromDer(extension));
  if (permitted === undefined || !hasTag(permitted, permittedTag)) return null;
  const hosts = membersOf(permitted).map((subtree) => dnsNameOf(membersOf(subtree)[0]));
  const names = hosts.filter((host) => host !== null);
  return names.length === hosts.length && names.length > 0 ? names : null;
}

function dnsNameOf(name: forge.asn1.Asn1 | undefined): string | null {
  if (name === undefined || !hasTag(name, dnsNameTag)) return null;
  return typeof name.value === 'string' ? name.value : null;
}

function hasTag(node: forge.asn1.Asn1, tag: number): boolean {
  return node.tagClass === asn1.Class.CONTEXT_SPECIFIC && (node.type as number) === tag;
}

function membersOf(node: forge.asn1.Asn1): readonly forge.asn1.Asn1[] {
  return typeof node.value === 'string' ? [] : node.value;
}

function subtrees(tag: number, names: readonly forge.asn1.Asn1[]): forge.asn1.Asn1 {
  return asn1.create(
    asn1.Class.CONTEXT_SPECIFIC,
    tag,
    true,
    names.map((name) => sequence([name])),
  );
}

function generalName(tag: number, bytes: string): forge.asn1.Asn1 {
  return asn1.create(asn1.Class.CONTEXT_SPECIFIC, tag, false, bytes);
}

function sequence(members: forge.asn1.Asn1[]): forge.asn1.Asn1 {
  return asn1.create(asn1.Class.UNIVERSAL, asn1.Type.SEQUENCE, true, members);
}
