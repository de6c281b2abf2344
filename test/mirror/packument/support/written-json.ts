import * as fc from 'fast-check';

/** A JSON value in which an object is a list of members, so that keys can come twice. */
export type Node =
  | { readonly text: string }
  | { readonly raw: string }
  | { readonly list: readonly Node[] }
  | { readonly members: readonly (readonly [string, Node])[] };

export const text = (value: string): Node => ({ text: value });
export const raw = (value: string): Node => ({ raw: value });
export const object = (...members: readonly (readonly [string, Node])[]): Node => ({ members });

/** Choices of a writer, as numbers from 0 to 99. */
export type Choices = () => number;

/** Choices that a property test can shrink to those of the plainest writer. */
export const choices: fc.Arbitrary<Choices> = fc
  .array(fc.nat(99), { minLength: 1, maxLength: 200 })
  .map((list) => {
    let at = 0;
    return () => list[at++ % list.length] ?? 0;
  });

/** The value as JSON, with white space and escapes wherever the choices say so. */
export function write(node: Node, choose: Choices = () => 0): string {
  const space = (): string => [' ', '\n', '\t\r\n', '  '][choose() - 90] ?? '';
  const commaList = (items: readonly string[]): string => items.join(`${space()},${space()}`);
  if ('text' in node) return writeText(node.text, choose);
  if ('raw' in node) return node.raw;
  if ('list' in node)
    return `[${space()}${commaList(node.list.map((item) => write(item, choose)))}${space()}]`;
  const members = node.members.map(
    ([key, value]) => `${writeText(key, choose)}${space()}:${space()}${write(value, choose)}`,
  );
  return `{${space()}${commaList(members)}${space()}}`;
}

function writeText(value: string, choose: Choices): string {
  if (choose() < 80) return JSON.stringify(value);
  const units = Array.from({ length: value.length }, (_, at) => value.charCodeAt(at));
  const escaped = units.map((unit) => {
    const character = String.fromCharCode(unit);
    if (character === '/' && choose() < 50) return '\\/';
    const mustEscape = unit < 0x20 || unit > 0x7e || '"\\'.includes(character);
    if (!mustEscape && choose() < 70) return character;
    const hex = unit.toString(16).padStart(4, '0');
    return `\\u${choose() < 50 ? hex : hex.toUpperCase()}`;
  });
  return `"${escaped.join('')}"`;
}
