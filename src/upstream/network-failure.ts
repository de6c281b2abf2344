import { systemErrorCode } from '../errors/ashlar-error.ts';
import { catalogue } from '../errors/catalogue.ts';
import { AttemptFailure } from './attempt-failure.ts';
import { leadsHere } from './timed-connector.ts';

const problems: Readonly<Record<string, string>> = {
  ENOTFOUND: 'has no address (unknown host name)',
  EAI_FAIL: 'has no address (the name servers refuse)',
  EAI_AGAIN: 'has no address now (the name servers do not answer)',
  ECONNREFUSED: 'refused the connection',
  ECONNRESET: 'reset the connection',
  EPIPE: 'closed the connection',
  ETIMEDOUT: 'did not accept a connection in time',
  EHOSTUNREACH: 'cannot be reached (no route)',
  ENETUNREACH: 'cannot be reached (no network)',
  UND_ERR_CONNECT_TIMEOUT: 'did not accept a connection in time',
  UND_ERR_HEADERS_TIMEOUT: 'did not answer in time',
  UND_ERR_BODY_TIMEOUT: 'stopped sending in the middle of an answer',
  UND_ERR_SOCKET: 'closed the connection in the middle of an answer',
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'sent another number of bytes than announced',
  UND_ERR_ABORTED: 'could not be reached through the proxy',
  UND_ERR_HEADERS_OVERFLOW: 'sent overlong headers',
  UND_ERR_INFO: 'closed the connection',
  UND_ERR_PRX_TLS: 'could not be reached through the proxy (TLS)',
  EPROTO: 'failed in TLS',
  ENETDOWN: 'cannot be reached (no network)',
  EHOSTDOWN: 'cannot be reached',
  ECONNABORTED: 'closed the connection',
  EADDRNOTAVAIL: 'cannot be reached',
  ERR_SSL_WRONG_VERSION_NUMBER: 'does not speak TLS',
  ERR_SSL_PACKET_LENGTH_TOO_LONG: 'does not speak TLS',
};

/** Of authorities that this process does not know, such as that of a proxy which inspects TLS. */
const unknownAuthorities: Readonly<Record<string, string>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: 'has a self-signed certificate',
  SELF_SIGNED_CERT_IN_CHAIN: 'has a certificate of an unknown authority',
  UNABLE_TO_GET_ISSUER_CERT: 'has a certificate of an unknown authority',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'has a certificate of an unknown authority',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'has a certificate of an unknown authority',
};

const certificateProblems: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: 'has a certificate that has expired',
  CERT_NOT_YET_VALID: 'has a certificate that is not valid yet',
  ERR_TLS_CERT_ALTNAME_INVALID: 'has a certificate for another host',
};

/** The name of undici's error for an answer that its parser does not accept; it has no code of its own. */
const notHttp = 'HTTPParserError';

/**
 * What a connection's failure means: `registry_unavailable`, and `registry_untrusted` for the certificate of an unknown
 * authority. Null for errors that are not the network's. Certificates and missing TLS are not retried: they do not mend
 * themselves in seconds.
 */
export function networkFailure(error: unknown, host: string): AttemptFailure | null {
  const code = networkErrorCode(error);
  if (code === null) return null;
  const untrusted = unknownAuthorities[code];
  if (untrusted !== undefined) return untrustedFailure(`${host} ${untrusted}`, error);
  if (code === notHttp) {
    return new AttemptFailure(`${host} does not speak HTTP`, {
      code: 'registry_unavailable',
      isPassing: true,
      cause: error,
    });
  }
  const certificate = certificateProblems[code];
  if (certificate !== undefined) {
    return new AttemptFailure(`${host} ${certificate}`, {
      code: 'registry_unavailable',
      isPassing: false,
      cause: error,
      hint: 'Look at the clock of this machine, at where the name of the host leads, and at its certificate.',
    });
  }
  const speaksNoTls = code.startsWith('ERR_SSL_') || code === 'EPROTO';
  const words = problems[code] ?? (speaksNoTls ? 'failed in TLS' : 'failed');
  return new AttemptFailure(`${host} ${words} (${code})`, {
    code: 'registry_unavailable',
    isPassing: !speaksNoTls,
    cause: error,
    ...(speaksNoTls ? { hint: 'Set the scheme of this registry to http if it has no TLS.' } : {}),
  });
}

function untrustedFailure(problem: string, cause: unknown): AttemptFailure {
  const failure = { code: 'registry_untrusted', isPassing: false, cause } as const;
  if (!leadsHere(cause)) {
    return new AttemptFailure(problem, { ...failure, hint: catalogue.registry_untrusted.hint });
  }
  return new AttemptFailure(`${problem} and leads to this machine itself`, {
    ...failure,
    hint: 'Where a mirror runs on this machine, take the lines of `ashlar mirror env` out of its /etc/hosts; else name the file of the authority in ASHLAR_BUILD_CA, or in NODE_EXTRA_CA_CERTS.',
  });
}

/** Node hides the reasons of several addresses in an AggregateError, and parsers' errors in `cause`. */
function networkErrorCode(error: unknown): string | null {
  const code = systemErrorCode(error);
  if (code !== undefined && isNetworkCode(code)) return code;
  if (error instanceof AggregateError) {
    for (const each of error.errors) {
      const inner = networkErrorCode(each);
      if (inner !== null) return inner;
    }
  }
  return error instanceof Error && error.name === notHttp ? notHttp : null;
}

function isNetworkCode(code: string): boolean {
  return (
    Object.hasOwn(problems, code) ||
    Object.hasOwn(unknownAuthorities, code) ||
    Object.hasOwn(certificateProblems, code) ||
    code.startsWith('ERR_SSL_') ||
    code.startsWith('ERR_TLS_')
  );
}
