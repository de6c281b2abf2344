import { describe, expect, it } from 'vitest';
import { findSetting, type SettingsFormat } from '../../../mirror/trust/find-setting.ts';

/** The value found, with what stands in its place in the text; the reason of what is unclear. */
function look(format: SettingsFormat, text: string, key = 'cafile'): string | null {
  const found = findSetting(format, text, key);
  if (found === null) return null;
  if ('reason' in found) return `unclear: ${found.reason}`;
  return `${found.value} at ${text.slice(0, found.start)}[${text.slice(found.start, found.end)}]${text.slice(found.end)}`;
}

describe('npmrc', () => {
  it.each([
    ['', null],
    ['registry=https://r.test/\n', null],
    ['cafile=/a.pem', '/a.pem at cafile=[/a.pem]'],
    ['x=1\r\n cafile = /a.pem \r\ny=2\r\n', '/a.pem at x=1\r\n cafile = [/a.pem] \r\ny=2\r\n'],
    ['cafile="/a b.pem" ; why\n', '/a b.pem at cafile=["/a b.pem"] ; why\n'],
    ["cafile='/a.pem'\n", "/a.pem at cafile=['/a.pem']\n"],
    ['cafile=/a.pem\ncafile=/b.pem\n', '/b.pem at cafile=/a.pem\ncafile=[/b.pem]\n'],
    ['; cafile=/a.pem\n#cafile=/a.pem\n', null],
    ['cafile=\n', null],
    ['mycafile=/a.pem\ncafiles=/a.pem\n', null],
    ['[section]\ncafile=/a.pem\n', null],
    [
      'cafile=/a.pem\n[section]\ncafile=/b.pem\n',
      '/a.pem at cafile=[/a.pem]\n[section]\ncafile=/b.pem\n',
    ],
  ])('%j', (text, expected) => {
    expect(look('npmrc', text)).toBe(expected);
  });

  it.each([
    'cafile=${HOME}/a.pem\n',
    'cafile=/a\\;b.pem\n',
    'cafile=/a.pem /b.pem\n',
    'cafile="/a.pem\n',
    'ca="-----BEGIN"\n',
    'ca[]="-----BEGIN"\ncafile=/a.pem\n',
  ])('%j is unclear', (text) => {
    expect(look('npmrc', text)).toMatch(/^unclear: /);
  });
});

describe('yarnrc of yarn 1', () => {
  it.each([
    ['# cafile "/a.pem"\nregistry "https://r.test/"\n', null],
    ['cafile "/a.pem"\n', '/a.pem at cafile ["/a.pem"]\n'],
    ['"cafile" /a.pem\n', '/a.pem at "cafile" [/a.pem]\n'],
  ])('%j', (text, expected) => {
    expect(look('yarnrc', text)).toBe(expected);
  });
});

describe('YAML', () => {
  const lookYaml = (text: string): string | null => look('yaml', text, 'httpsCaFilePath');

  it.each([
    ['', null],
    ['nodeLinker: node-modules\n', null],
    ['a: ä\nhttpsCaFilePath: /a.pem # why\n', '/a.pem at a: ä\nhttpsCaFilePath: [/a.pem] # why\n'],
    ["httpsCaFilePath: '/a b.pem'\n", "/a b.pem at httpsCaFilePath: ['/a b.pem']\n"],
    ['"httpsCaFilePath": "/a.pem"\n', '/a.pem at "httpsCaFilePath": ["/a.pem"]\n'],
  ])('%j', (text, expected) => {
    expect(lookYaml(text)).toBe(expected);
  });

  it.each([
    'a: [\n',
    '- list\n',
    'httpsCaFilePath: [a]\n',
    'httpsCaFilePath: &x /a.pem\nb: *x\n',
    'networkSettings:\n  "*.corp.test":\n    httpsCaFilePath: /a.pem\n',
    'a: 1\na: 2\n',
  ])('%j is unclear', (text) => {
    expect(lookYaml(text)).toMatch(/^unclear: /);
  });
});

describe('bunfig', () => {
  it.each([
    ['[install]\nregistry = "x"\n', null],
    ['cafile = "/a.pem"\n', null],
    [
      '[install]\ncafile = "/a.pem" # why\n[test]\ncafile = "/b.pem"\n',
      '/a.pem at [install]\ncafile = ["/a.pem"] # why\n[test]\ncafile = "/b.pem"\n',
    ],
    [
      "x = 1\n[ install ]\n  cafile='/a.pem'\n",
      "/a.pem at x = 1\n[ install ]\n  cafile=['/a.pem']\n",
    ],
    ['install.cafile = "/a.pem"\n', '/a.pem at install.cafile = ["/a.pem"]\n'],
    ['[install.scopes]\ncafile = "/a.pem"\n', null],
  ])('%j', (text, expected) => {
    expect(look('bunfig', text)).toBe(expected);
  });

  it.each([
    'x = """\n[install]\ncafile = "/a.pem"\n"""\n',
    'install = { cafile = "/a.pem" }\n',
    '[install]\nca = "-----BEGIN"\n',
    '[install]\ncafile = "C:\\\\a.pem"\n',
  ])('%j is unclear', (text) => {
    expect(look('bunfig', text)).toMatch(/^unclear: /);
  });
});

describe('environment', () => {
  it.each([
    ['A=1\ncafile=/a.pem\n', '/a.pem at A=1\ncafile=[/a.pem]\n'],
    ['export cafile="/a.pem"\n', '/a.pem at export cafile=["/a.pem"]\n'],
    ['# cafile=/a.pem\n', null],
  ])('%j', (text, expected) => {
    expect(look('environment', text)).toBe(expected);
  });

  it.each([
    'if x; then cafile=/a.pem; fi\n',
    'cafile=/a.pem node x.js\n',
    'cafile=/a.pem\nunset cafile\n',
    'cafile=$HOME/a.pem\n',
    'cafile=`pwd`/a.pem\n',
    ': "${cafile:=/a.pem}"\n',
    'cafile=/a.pem; export cafile\n',
  ])('%j is unclear', (text) => {
    expect(look('environment', text)).toMatch(/^unclear: /);
  });
});
