import {
  createHash,
  generateKeyPair,
  type KeyObject,
  randomBytes,
  sign,
  X509Certificate,
} from 'node:crypto';
import { promisify } from 'node:util';
import forge from 'node-forge';
import { nameConstraintsFor } from './name-constraints.ts';

const generateKeys = promisify(generateKeyPair);
const signBytes = promisify(sign);

/** What signs a certificate. */
export interface Issuer {
  readonly certificate: X509Certificate;
  readonly key: KeyObject;
}

export interface IssuedCertificate {
  readonly certificatePem: string;
  /** PKCS #8. */
  readonly keyPem: string;
}

export interface Validity {
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

const authorityKeyBits = 3072;
/** RSA, as OpenSSL of 2014 and all since take it. */
const leafKeyBits = 2048;
/** The longest common name, RFC 5280, appendix A. */
const maxCommonName = 64;

/**
 * Makes an authority of its own: self-signed, good for certificates of servers with these hosts alone (critical
 * nameConstraints, pathlen 0, RFC 5280, section 4.2.1). Keys are made and used in the thread pool.
 */
export async function issueAuthority(
  hosts: readonly string[],
  validity: Validity,
): Promise<IssuedCertificate> {
  const keys = await generateKeys('rsa', { modulusLength: authorityKeyBits });
  const keyId = keyIdentifier(keys.publicKey);
  // Names of their own keep authorities that overlap apart.
  const name = commonName(`Ashlar mirror authority ${keyId.toString('hex').slice(0, 8)}`);
  return assemble({
    subject: name,
    issuer: name,
    validity,
    keys,
    signingKey: keys.privateKey,
    extensions: [
      { name: 'basicConstraints', critical: true, cA: true, pathLenConstraint: 0 },
      { name: 'keyUsage', critical: true, keyCertSign: true, cRLSign: true },
      { name: 'extKeyUsage', serverAuth: true },
      nameConstraintsFor(hosts),
      subjectKeyId(keyId),
      { name: 'authorityKeyIdentifier', keyIdentifier: keyId.toString('latin1') },
    ],
  });
}

/** Makes a certificate for one server, with a key of its own. */
export async function issueLeaf(
  host: string,
  validity: Validity,
  issuer: Issuer,
): Promise<IssuedCertificate> {
  const keys = await generateKeys('rsa', { modulusLength: leafKeyBits });
  const authority = forge.pki.certificateFromPem(issuer.certificate.toString());
  return assemble({
    subject: commonName(host.length > maxCommonName ? 'Ashlar mirror' : host),
    issuer: authority.subject.attributes,
    validity,
    keys,
    signingKey: issuer.key,
    extensions: [
      { name: 'basicConstraints', critical: true, cA: false },
      { name: 'keyUsage', critical: true, digitalSignature: true, keyEncipherment: true },
      { name: 'extKeyUsage', serverAuth: true },
      { name: 'subjectAltName', altNames: [{ type: 2, value: host }] },
      subjectKeyId(keyIdentifier(keys.publicKey)),
      {
        name: 'authorityKeyIdentifier',
        keyIdentifier: keyIdentifier(issuer.certificate.publicKey).toString('latin1'),
      },
    ],
  });
}

interface Parts {
  readonly subject: forge.pki.CertificateField[];
  readonly issuer: forge.pki.CertificateField[];
  readonly validity: Validity;
  readonly keys: { readonly publicKey: KeyObject; readonly privateKey: KeyObject };
  readonly signingKey: KeyObject;
  readonly extensions: readonly object[];
}

/** Signed by Node's crypto: in JavaScript it would hold the event loop for tens of milliseconds. */
async function assemble(parts: Parts): Promise<IssuedCertificate> {
  const { asn1, pki } = forge;
  const certificate = pki.createCertificate();
  certificate.publicKey = pki.publicKeyFromPem(pemOf(parts.keys.publicKey, 'spki'));
  certificate.serialNumber = serialNumber();
  certificate.validity.notBefore = new Date(parts.validity.notBeforeMs);
  certificate.validity.notAfter = new Date(parts.validity.notAfterMs);
  certificate.setSubject(parts.subject);
  certificate.setIssuer(parts.issuer);
  certificate.setExtensions([...parts.extensions]);
  const algorithm = pki.oids['sha256WithRSAEncryption'] ?? '';
  certificate.signatureOid = algorithm;
  certificate.siginfo.algorithmOid = algorithm;
  const [toBeSigned] = pki.certificateToAsn1(certificate).value;
  if (typeof toBeSigned !== 'object') throw new TypeError('a certificate without content');
  const signed = Buffer.from(asn1.toDer(toBeSigned).getBytes(), 'latin1');
  const signature = await signBytes('sha256', signed, parts.signingKey);
  certificate.signature = signature.toString('latin1');
  const der = asn1.toDer(pki.certificateToAsn1(certificate)).getBytes();
  return {
    certificatePem: new X509Certificate(Buffer.from(der, 'latin1')).toString(),
    keyPem: pemOf(parts.keys.privateKey, 'pkcs8'),
  };
}

function pemOf(key: KeyObject, type: 'spki' | 'pkcs8'): string {
  return type === 'spki'
    ? key.export({ type, format: 'pem' }).toString()
    : key.export({ type, format: 'pem' }).toString();
}

function commonName(value: string): forge.pki.CertificateField[] {
  return [
    { shortName: 'O', value: 'Ashlar' },
    { shortName: 'CN', value },
  ];
}

function subjectKeyId(keyId: Buffer): object {
  const { asn1 } = forge;
  return {
    name: 'subjectKeyIdentifier',
    value: asn1.create(
      asn1.Class.UNIVERSAL,
      asn1.Type.OCTETSTRING,
      false,
      keyId.toString('latin1'),
    ),
  };
}

/** SHA-1 of the key's bits, RFC 5280, section 4.2.1.2, method 1: a name, nothing that has to be safe. */
function keyIdentifier(key: KeyObject): Buffer {
  return createHash('sha1')
    .update(key.export({ type: 'pkcs1', format: 'der' }))
    .digest();
}

/** Positive, with 126 random bits. */
function serialNumber(): string {
  const bytes = randomBytes(16);
  bytes.writeUInt8((bytes.readUInt8(0) & 0x3f) | 0x40, 0);
  return bytes.toString('hex');
}
