import npmConf from '@pnpm/npm-conf';

/** A key of npm's configuration, with what its files and the environment set. */
export type NpmSetting = (key: string) => unknown;

/** npm's configuration of who runs this, in this directory. */
export function readNpmSettings(): NpmSetting {
  const { config } = npmConf();
  return (key) => config.get(key);
}

/**
 * The Authorization header that npm sends to an address: `//host/path/:_authToken`, `:_auth`, or `:username` and
 * `:_password` in base64, of the address or what lies above it (npm 11, "Auth Related Configuration" in npmrc). Null for none.
 */
export function npmAuthorization(settings: NpmSetting, { host, pathname }: URL): string | null {
  const segments = pathname.split('/').filter((segment) => segment !== '');
  for (let depth = segments.length; depth >= 0; depth -= 1) {
    const place = ['/', host, ...segments.slice(0, depth)].join('/');
    const own = authorizationAt(settings, `${place}/`) ?? authorizationAt(settings, place);
    if (own !== null) return own;
  }
  return null;
}

function authorizationAt(settings: NpmSetting, place: string): string | null {
  const read = (name: string): string | null => {
    const value = settings(`${place}:${name}`);
    return typeof value === 'string' && value !== '' ? value : null;
  };
  const token = read('_authToken');
  if (token !== null) return `Bearer ${token}`;
  const basic = read('_auth');
  if (basic !== null) return `Basic ${basic}`;
  const [user, password] = [read('username'), read('_password')];
  if (user === null || password === null) return null;
  const plain = `${user}:${Buffer.from(password, 'base64').toString('utf8')}`;
  return `Basic ${Buffer.from(plain).toString('base64')}`;
}
