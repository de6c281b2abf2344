import { AshlarError, type FileTree, type ImageSource } from '../../src/index.ts';

/**
 * Throws `source_invalid` for a plain tar that unpacks to no root file system: to nothing, or to the files of a container
 * image, which is another kind of source.
 */
export function checkRootTree({ root }: FileTree, { config, description }: ImageSource): void {
  if (config !== null) return;
  const names = new Set(root.children?.keys());
  if (names.size === 0) {
    throw new AshlarError('source_invalid', `${description} holds no files`, {
      data: { source: description },
    });
  }
  const kind = archiveKind(names);
  if (kind === undefined) return;
  const file = description.replace(/^tar:/, '');
  throw new AshlarError(
    'source_invalid',
    `${description} is no root file system but a container image, as \`${kind.maker}\` writes it`,
    { data: { source: description }, hint: `Name it as ${kind.scheme}:${file}` },
  );
}

const systemDirectories = ['bin', 'etc', 'usr'];

function archiveKind(
  names: ReadonlySet<string>,
): { readonly scheme: string; readonly maker: string } | undefined {
  if (systemDirectories.some((name) => names.has(name))) return undefined;
  const isOci = names.has('oci-layout');
  const isSaved = isOci || names.has('repositories') || [...names].some(isNamedByDigest);
  if (names.has('manifest.json') && isSaved)
    return { scheme: 'docker-archive', maker: 'docker save' };
  if (isOci && names.has('index.json'))
    return { scheme: 'oci-archive', maker: 'skopeo copy ... oci-archive:' };
  return undefined;
}

/** The configuration or a layer of an image that docker saved. */
function isNamedByDigest(name: string): boolean {
  return /^[0-9a-f]{64}(?:\.json|\.tar)?$/.test(name);
}
