import { z } from 'zod';
import type { Fact, Verified } from './release.ts';

/** Where facts come from, by the short name that they have in the files of the releases. */
export const sourcesSchema = z.record(
  z.string().regex(/^[a-z0-9][a-z0-9.-]*$/),
  z.strictObject({ title: z.string().min(1), verified: z.enum(['run', 'read', 'no']) }),
);

export type Sources = z.infer<typeof sourcesSchema>;

const day = z.iso.date();
const version = z.string().regex(/^[0-9][A-Za-z0-9.+:~-]*$/);
const name = z.string().min(1);
/** Without a leading slash. */
const path = z.string().regex(/^[^/].*$/);
const style = z.enum(['#', '@']);
const packageName = z.string().regex(/^[a-z0-9][a-z0-9+.-]+$/);
const engine = z.strictObject({
  provider: z.enum(['sudo', 'sudo-rs']),
  version: version.nullable(),
});

/** The form of a release's file. A fact is its value and the short name of its source, which says whether it was verified. */
export function releaseSchema(sources: Sources) {
  const source = z.string().refine((key) => key in sources, { error: 'names no source' });
  const fact = <Value>(value: z.ZodType<Value>) =>
    z.strictObject({ value, source }).transform((found) => resolveFact(found, sources));
  return z.strictObject({
    id: z.string().regex(/^[a-z]+-[0-9.]+$/),
    title: name,
    os: z.strictObject({
      id: z.string().regex(/^[a-z0-9._-]+$/),
      idLike: z.array(name),
      versionId: version,
      codename: z.string().regex(/^[a-z]+$/),
      name,
      prettyName: fact(name),
      versionInOsRelease: fact(z.boolean()),
      debianVersion: fact(name),
    }),
    support: z.strictObject({
      state: z.enum(['supported', 'frozen', 'ended', 'development']),
      asOf: day,
      released: fact(day.nullable()),
      until: fact(day.nullable()),
      extendedUntil: fact(day.nullable()),
      archive: fact(z.enum(['main', 'historical'])),
      officialImage: fact(
        z.strictObject({ isBuilt: z.boolean(), until: day.nullable() }).nullable(),
      ),
    }),
    image: z.strictObject({
      reference: fact(name.nullable()),
      libc: fact(z.strictObject({ kind: z.enum(['glibc', 'musl']), version })),
      init: fact(
        z.strictObject({
          kind: z.enum(['systemd', 'upstart', 'none']),
          version: version.nullable(),
        }),
      ),
      clone3: fact(z.boolean()),
      usrMerged: fact(z.boolean()),
      coreutils: fact(
        z.strictObject({ kind: z.enum(['gnu', 'uutils']), version: version.nullable() }),
      ),
      resolvConf: fact(z.enum(['file', 'link'])),
      policyRcD: fact(z.boolean()),
      initctlDiverted: fact(z.boolean()),
      runSystemdContainer: fact(name.nullable()),
      dockerConfiguration: fact(z.array(path)),
      packages: z.array(
        z.strictObject({
          source,
          versions: z.record(packageName, version),
          absent: z.array(packageName),
        }),
      ),
    }),
    sudo: z.strictObject({
      inImage: fact(z.boolean()),
      packageVersion: fact(version),
      engine: fact(engine),
      engineWithoutRecommends: fact(engine),
      how: fact(z.enum(['package', 'alternatives'])),
      programs: fact(z.strictObject({ sudo: path, visudo: path })),
      sudoRs: fact(version.nullable()),
      home: fact(z.enum(['root', 'caller'])),
      localInSecurePath: fact(z.boolean()),
    }),
    sudoers: z.strictObject({
      text: fact(
        z
          .string()
          .regex(/^[a-z0-9.-]+$/)
          .nullable(),
      ),
      reconstructed: z.boolean(),
      lines: fact(z.int().positive()),
      bytes: fact(z.int().positive().nullable()),
      include: fact(z.strictObject({ style, line: z.int().positive() })),
      acceptedIncludes: fact(z.array(style).min(1)),
      syntaxErrorIsFatal: fact(z.boolean()),
      package: fact(packageName),
    }),
    users: z.strictObject({
      useraddNames: fact(
        z
          .strictObject({
            refusalExit: z.int().positive(),
            takesAtAndNonAscii: z.boolean(),
            takesOver32: z.boolean(),
          })
          .nullable(),
      ),
      uid1000: fact(name.nullable()),
      adduser: fact(z.boolean()),
      shadow: fact(version),
      homeMode: fact(z.string().regex(/^0[0-7]{3}$/)),
      sudoGroupId: fact(z.int().positive()),
      adminInSudoers: fact(z.boolean()),
    }),
    apt: z.strictObject({
      version: fact(version),
      sources: fact(z.strictObject({ file: path, format: z.enum(['list', 'deb822']) })),
      archiveUri: fact(z.httpUrl().nullable()),
      readsDeb822: fact(z.boolean()),
      httpsBuiltIn: fact(z.boolean()),
      aptKey: fact(z.boolean()),
      verifier: fact(z.enum(['gpgv', 'gpg', 'sqv'])),
    }),
    ca: z.strictObject({
      inImage: fact(z.boolean()),
      bundlePath: fact(path),
      certificates: fact(z.int().positive().nullable()),
      rehashWarns: fact(z.boolean().nullable()),
      tls13: fact(z.boolean()),
      refusesWeak: fact(z.boolean()),
    }),
    boot: z.strictObject({
      systemd: fact(version.nullable()),
      cgroups: fact(z.array(z.enum(['v1', 'v2'])).min(1)),
      kernelFloor: fact(version.nullable()),
      e2fsprogs: fact(version),
      e2fsckReads: fact(z.strictObject({ metadataCsum: z.boolean(), orphanFile: z.boolean() })),
      sysvScripts: fact(z.boolean()),
    }),
    installable: z.strictObject({
      python3: fact(version),
      openssl: fact(version),
      node18: fact(z.boolean()),
    }),
    notes: z.array(fact(name)),
  });
}

export type ReleaseRecord = z.infer<ReturnType<typeof releaseSchema>>;

/** A value with its source in words. */
export function resolveFact<Value>(
  found: { readonly value: Value; readonly source: string },
  sources: Sources,
): Fact<Value> {
  const { title, verified } = sources[found.source] ?? unnamed;
  return { value: found.value, source: title, verified };
}

const unnamed: { readonly title: string; readonly verified: Verified } = {
  title: 'not named',
  verified: 'no',
};
