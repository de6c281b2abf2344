import type { BytePath } from '../bytes/byte-path.ts';
import type { PaxTime } from './pax-number.ts';
import type { PaxSparse } from './pax-sparse.ts';

/** What extended headers say of an entry; undefined where the entry's own header counts. Filled record by record. */
export interface PaxValues {
  path: BytePath | undefined;
  linkPath: BytePath | undefined;
  sizeBytes: number | undefined;
  uid: number | undefined;
  gid: number | undefined;
  mtime: PaxTime | undefined;
  deviceMajor: number | undefined;
  deviceMinor: number | undefined;
  /** POSIX.1e access control lists as text. */
  accessAcl: string | undefined;
  defaultAcl: string | undefined;
  sparse: PaxSparse | undefined;
  readonly xattrs: Map<string, Buffer>;
}

/** Empty values, or those that `globals` sets for all entries. */
export function createPaxValues(globals: PaxValues | undefined): PaxValues {
  return {
    path: undefined,
    linkPath: undefined,
    sizeBytes: undefined,
    uid: globals?.uid,
    gid: globals?.gid,
    mtime: globals?.mtime,
    deviceMajor: undefined,
    deviceMinor: undefined,
    accessAcl: undefined,
    defaultAcl: undefined,
    sparse: undefined,
    xattrs: new Map(),
  };
}
