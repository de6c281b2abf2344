import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  sign,
} from 'node:crypto';

/** As `/-/npm/v1/keys` lists it. */
export interface PublicKey {
  readonly expires: string | null;
  readonly keyid: string;
  readonly keytype: string;
  readonly scheme: string;
  /** SPKI, DER, base64. */
  readonly key: string;
}

export interface SigningKey {
  readonly publicKey: PublicKey;
  /** PKCS #8, PEM. */
  readonly privateKeyPem: string;
}

const algorithm = 'ecdsa-sha2-nistp256';

export function createSigningKey(): SigningKey {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const der = createPublicKey(privateKey).export({ type: 'spki', format: 'der' });
  const keyid = `SHA256:${createHash('sha256').update(der).digest('base64').replace(/=+$/, '')}`;
  return {
    publicKey: {
      expires: null,
      keyid,
      keytype: algorithm,
      scheme: algorithm,
      key: der.toString('base64'),
    },
    privateKeyPem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}

/** Signs as the public registry does: ECDSA with SHA-256 over `name@version:integrity`, DER, base64. */
export function createSigner(key: SigningKey): (message: string) => { keyid: string; sig: string } {
  const privateKey = createPrivateKey(key.privateKeyPem);
  const { keyid } = key.publicKey;
  return (message) => ({
    keyid,
    sig: sign('sha256', Buffer.from(message), privateKey).toString('base64'),
  });
}
