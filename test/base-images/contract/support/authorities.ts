import forge from 'node-forge';

/** A self-signed authority of this name, in PEM. */
export function makeAuthority(name: string): {
  readonly certificate: string;
  readonly key: string;
} {
  const { publicKey, privateKey } = forge.pki.rsa.generateKeyPair(1024);
  const certificate = forge.pki.createCertificate();
  const subject = [{ name: 'commonName', value: name }];
  certificate.publicKey = publicKey;
  certificate.serialNumber = '01';
  certificate.validity.notBefore = new Date('2020-01-01');
  certificate.validity.notAfter = new Date('2040-01-01');
  certificate.setSubject(subject);
  certificate.setIssuer(subject);
  certificate.setExtensions([{ name: 'basicConstraints', critical: true, cA: true }]);
  certificate.sign(privateKey, forge.md.sha256.create());
  const unix = (pem: string): string => pem.replaceAll('\r\n', '\n');
  return {
    certificate: unix(forge.pki.certificateToPem(certificate)),
    key: unix(forge.pki.privateKeyToPem(privateKey)),
  };
}

/** Of the image alone. */
export const { certificate: authority, key: authorityKey } = makeAuthority('Own Authority');
/** Of the distribution. */
export const { certificate: commonAuthority } = makeAuthority('Common Authority');
/** In no image. */
export const { certificate: strangeAuthority } = makeAuthority('Strange Authority');

/** A certificate in PEM as its bytes in DER. */
export function derOf(pem: string): Buffer {
  return Buffer.from(pem.replaceAll(/-----[^-]+-----|\s/g, ''), 'base64');
}
