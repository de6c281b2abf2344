import { AshlarError } from '../../src/index.ts';
import type { UpstreamResponse } from '../../src/network.ts';
import type { View } from '../registries/view.ts';

/**
 * What a definite answer means that is not the resource: no such package, no right to it, or something else. What upstream
 * says of how to log in comes along as `data.authenticate`.
 */
export function refusalOf(
  response: UpstreamResponse,
  { name, view }: { name: string; view: View },
): AshlarError {
  const { status, url } = response;
  const data = { package: name, status, registry: view.registry.name };
  const said = `${url.host} answered ${status}`;
  if (status === 404 || status === 410 || status === 451) {
    return new AshlarError('package_not_found', `there is no ${name} (${said})`, { data });
  }
  if (status === 401 || status === 403) {
    const authenticate = response.header('www-authenticate');
    return new AshlarError('package_forbidden', `${name} may not be read (${said})`, {
      data: { ...data, ...(authenticate === null ? {} : { authenticate }) },
    });
  }
  if (status === 508)
    return new AshlarError('loop_detected', `${url.host} leads to the mirror itself`, { data });
  return new AshlarError('registry_refused', `${name} cannot be had (${said})`, { data });
}
