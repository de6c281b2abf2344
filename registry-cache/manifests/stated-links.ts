import type { Link } from '../store/links.ts';
import { type Descriptor, namedContent } from './named-content.ts';

/** Beyond this a manifest is no image anybody could unpack; what is behind is asked for at upstream when it is wanted. */
const maxLinks = 10_000;

/** What a manifest or index says that its repository has, as far as it says of which size. */
export function statedLinks(bytes: Buffer): readonly Link[] {
  const { manifests, blobs } = namedContent(bytes);
  const links = [
    ...(manifests ?? []).flatMap((each) => linksOf(each, 'manifest')),
    ...blobs.flatMap((each) => linksOf(each, 'blob')),
  ];
  return links.slice(0, maxLinks);
}

function linksOf(
  { digest, sizeBytes, mediaType }: Descriptor,
  kind: Link['kind'],
): readonly Link[] {
  if (sizeBytes === null) return [];
  const type = kind === 'manifest' ? mediaType : null;
  return [{ digest, sizeBytes, kind, mediaType: type, source: 'stated' }];
}
