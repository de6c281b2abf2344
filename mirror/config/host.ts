import * as z from 'zod';

/** Labels of RFC 1123, section 2.1, and perhaps a port. */
const label = '[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?';
const hostForm = new RegExp(`^(?=.{1,253}(?::|$))${label}(?:\\.${label})*(?::[1-9]\\d{0,4})?$`);

/** A name or an IPv4 address, with a port where it is not the usual one, as it comes in a client's Host header. */
export const host = z
  .string()
  .toLowerCase()
  .regex(hostForm, 'is no name of a host')
  .refine(isNameOrAddress, 'is no name of a host, but numbers that are no address or no port')
  // Clients leave the usual ports out.
  .transform((text) => text.replace(/:(?:80|443)$/, ''));

/** Whether a URL makes the same of it: `256.1.1.1` and port 65536 are nothing there, and `1.2.3` is another address. */
function isNameOrAddress(text: string): boolean {
  const name = text.replace(/:\d+$/, '');
  return URL.parse(`http://${text}`)?.hostname === name;
}
