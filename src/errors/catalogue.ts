/**
 * The one catalogue of failures. Each code says who must act (`class`), what HTTP answer it becomes,
 * whether the same request may succeed later without a change (`retryable`), and the mend.
 *
 * Classes: `author` (the Dockerfile), `caller` (the request or command line), `owner` (quota, policy),
 * `upstream` (a registry or package source outside), `operator` (this installation), `platform` (a
 * fault of Ashlar). What is unknown is `platform`, never `author`.
 */
export type ErrorClass = 'author' | 'caller' | 'owner' | 'upstream' | 'operator' | 'platform';

export interface CatalogueEntry {
  readonly class: ErrorClass;
  readonly httpStatus: number;
  readonly retryable: boolean;
  readonly hint: string;
}

const author = (hint: string, httpStatus = 422): CatalogueEntry => ({
  class: 'author',
  httpStatus,
  retryable: false,
  hint,
});
const caller = (hint: string, httpStatus = 400): CatalogueEntry => ({
  class: 'caller',
  httpStatus,
  retryable: false,
  hint,
});
const owner = (hint: string, httpStatus = 403): CatalogueEntry => ({
  class: 'owner',
  httpStatus,
  retryable: false,
  hint,
});
const upstream = (hint: string, httpStatus = 502): CatalogueEntry => ({
  class: 'upstream',
  httpStatus,
  retryable: true,
  hint,
});
const operator = (hint: string, httpStatus = 503): CatalogueEntry => ({
  class: 'operator',
  httpStatus,
  retryable: true,
  hint,
});
const platform = (hint: string, httpStatus = 500): CatalogueEntry => ({
  class: 'platform',
  httpStatus,
  retryable: false,
  hint,
});

export const catalogue = {
  // The Dockerfile and its context.
  dockerfile_missing: author('Add a Dockerfile to the context, or name another file with -f.'),
  dockerfile_parse_error: author(
    'Mend the line shown; the Dockerfile reference lists what each instruction takes.',
  ),
  dockerfile_unsupported: author(
    'Rewrite the line without this feature; README.md lists what is supported.',
  ),
  copy_source_missing: author('Check the path against the build context and .dockerignore.'),
  copy_destination_invalid: author(
    'Copy to another path, or remove what is there in an earlier step.',
  ),
  step_failed: author(
    'Read the last output of the command above; run it alone with `ashlar boot` on the parent image.',
  ),
  step_oom: author('Use less memory in this step, or raise the limit with --memory.'),
  step_timeout: author('Find what the command waits for, or raise the limit with --step-timeout.'),
  step_pids_exceeded: author(
    'The command started too many processes; raise the limit with --pids if that is meant.',
  ),
  step_output_exceeded: author(
    'Write less to the terminal in this step, for example with a quiet flag.',
  ),
  user_unknown: author(
    'Create the user or group in an earlier RUN step, or name one that the image has, or a number.',
  ),
  base_file_too_large: author(
    'Make this file of the base image smaller, or remove it in an earlier step.',
  ),
  base_file_unusable: author(
    'Mend the file named above in the base image or in an earlier step, or leave out the option that needs it.',
  ),
  base_sudoers_broken: author(
    'Mend the file and line named above, in the Dockerfile or in the base image.',
  ),
  base_unfit: author('Do what is said above, in the Dockerfile or in the base image.'),
  disk_exceeded: author('Write less in this step, or ask for a larger disk with --disk.'),
  image_too_large: author('Ask for a larger disk with --disk, or put less into the image.'),
  boot_command_missing: author(
    'Set CMD or ENTRYPOINT in the Dockerfile, or name a command after --.',
  ),
  boot_check_failed: author('The image did not boot as asked; see the console output above.'),
  boot_timeout: author('Find what the command waits for, or allow more time with --timeout.'),

  // Lockfiles of npm, pnpm, yarn and bun.
  lockfile_invalid: author(
    'Check the line shown; the client that wrote the lockfile can write it anew.',
  ),
  lockfile_unsupported: author(
    'Let a newer client write the lockfile in a form that is supported.',
  ),

  // The request or the command line.
  invalid_request: caller('Check the command line against --help.'),
  config_invalid: caller('Mend the option, environment variable or file named above.'),
  image_not_found: caller('`ashlar image ls` lists what the store holds.', 404),
  image_in_use: caller('Remove what refers to it first.', 409),
  lockfile_unusable: caller('Name a lockfile that this user can read, and replace to rewrite it.'),
  file_not_found: caller('`ashlar image files REF` lists the files of the image.', 404),
  base_not_found: caller(
    'Check the name and tag of the base image; private images need credentials.',
    404,
  ),
  base_not_set_up: caller('Set the image up with `ashlar base setup IMAGE -t NAME`.'),
  check_unknown: caller('`ashlar base check --list` lists the checks.'),
  release_unknown: caller('`ashlar base ls` lists the releases.', 404),
  ca_file_invalid: caller(
    'Give a file with exactly one certificate in PEM form, and nothing else in it; several files are given with several --ca.',
  ),
  user_name_invalid: caller(
    'Take a name of up to 32 lower-case letters, digits, `_` and `-`, which begins with a letter.',
  ),
  setup_refused: caller(
    'Leave out what this image cannot have, or choose another base; `ashlar base show` says what a base has.',
    422,
  ),
  package_blocked: owner('Ask who sets the policy of this mirror, or use another version.', 403),
  registry_unknown: caller(
    'Name a registry that this mirror has; `ashlar mirror status` lists them.',
    421,
  ),
  method_refused: caller('Use GET, HEAD, POST, PUT or DELETE.', 405),
  proxy_refused: caller('Ask the host directly, or have the mirror allow it.', 403),
  package_not_found: caller('Check the name; a private package needs a credential.', 404),
  package_forbidden: caller('Log in to the registry with a credential that may read it.', 403),
  registry_auth_required: caller(
    'Log in to the registry (docker login) or check the credentials.',
    401,
  ),
  package_name_invalid: caller('Ask for a package by a name that npm allows: name or @scope/name.'),
  registry_path_invalid: caller('Ask for a path that npm registries know, such as /name.', 400),
  repository_name_invalid: caller(
    'Write a repository as parts of lower-case letters, digits and single separators, with slashes between them.',
  ),
  tag_invalid: caller(
    'A tag has at most 128 letters, digits, dots, dashes and underscores, and does not begin with a dot or dash.',
  ),
  digest_invalid: caller(
    'Write a digest as sha256: and 64, or sha512: and 128 lower-case hex digits.',
  ),
  page_invalid: caller('Ask for a page with n=NUMBER and last=TAG.'),
  endpoint_unsupported: caller('This cache reads images; ask the registry itself for this.', 404),
  push_refused: caller('Push to the registry itself; this cache only reads.', 405),
  registry_not_cached: caller(
    'Name a registry that this cache has; `ashlar registry-cache status` lists them.',
    404,
  ),
  repository_unknown: caller('Check the name; a private repository needs a credential.', 404),
  manifest_unknown: caller(
    'Check the name and the tag or digest; a private image needs a credential.',
    404,
  ),
  blob_unknown: caller('Pull the image by its manifest; no manifest of it names this blob.', 404),
  reference_invalid: caller(
    'Write an image reference as [host[:port]/]name[:tag][@sha256:digest].',
  ),
  source_invalid: caller(
    'Write a source as tar:FILE, oci:DIR[:tag], oci-archive:FILE, docker-archive:FILE or docker://REF.',
  ),
  source_corrupt: caller('The source does not match its own digests; make or copy it again.'),
  store_url_invalid: caller('Write a store as file:///dir or s3://bucket/prefix?endpoint=URL.'),
  store_missing: caller('Build or import an image first; that makes the store.', 404),
  platform_unavailable: caller(
    'The image does not offer the platform asked for; choose another with --platform.',
    404,
  ),

  // Images and archives from outside: who names one, in a command or in FROM and ADD, has to choose another.
  layer_invalid: caller('The layer archive is not a valid tar; build or download it again.', 422),
  layer_hostile: caller(
    'The layer archive tries to leave the root file system or to exhaust the machine; do not use it.',
    422,
  ),
  source_too_large: caller(
    'Ask for a larger disk with --disk, or leave out of the source what no Linux file system holds.',
    422,
  ),
  image_invalid: caller(
    'The manifest or configuration of the image is not valid; build and push the image again.',
    422,
  ),
  image_unsupported: caller(
    'Use a container image in OCI or Docker schema 2 form with plain, gzip or zstd layers.',
    422,
  ),

  // Outside services.
  registry_unavailable: upstream('The registry did not answer as it should; try again later.'),
  registry_rate_limited: upstream(
    'The registry limits requests; wait, or log in for a higher limit.',
    429,
  ),
  registry_body_too_large: upstream(
    'The registry sends more than the limit allows; raise the limit if that is meant.',
  ),
  proxy_target_unreachable: upstream('Try again later, or ask the host directly.'),
  registry_refused: upstream('Ask whoever runs the registry, with the status above.'),
  address_refused: upstream(
    'The registry sends to an address of a private network; name the host among the trusted ones if that is meant.',
  ),
  registry_untrusted: {
    class: 'operator',
    httpStatus: 502,
    retryable: false,
    hint: 'Name the file of your own authority in ASHLAR_BUILD_CA, or in NODE_EXTRA_CA_CERTS.',
  },
  registry_corrupt: upstream(
    'The registry sent bytes that do not match their digest; try again, or use another mirror.',
  ),
  packument_invalid: upstream(
    'The registry sent something else than the description of the package; try again later.',
  ),

  // This installation.
  store_unreachable: operator('Check the address, network and credentials of the store.'),
  store_read_only: operator(
    'Give this user write access to the store, or choose another with --store.',
  ),
  store_full: operator('Free space on the store, or run `ashlar store gc`.', 507),
  store_format_missing: operator(
    'Restore ashlar-store.json at the top of the store from a backup.',
  ),
  store_newer_format: operator(
    'This store was written by a newer Ashlar; upgrade this installation.',
  ),
  disk_full: operator('Free space under ASHLAR_HOME.', 507),
  resources_exhausted: operator(
    'Raise the limits of this user (ulimit) or free memory, then run the command again.',
  ),
  tool_missing: operator('Run `ashlar doctor`; it names the package that brings the tool.'),
  privilege_missing: operator('Run as root: mounting images and starting containers needs it.'),
  kernel_feature_missing: operator('Run `ashlar doctor`; it says what the kernel lacks.'),
  boot_too_slow: operator(
    'Allow more time with --timeout; `ashlar doctor` says whether virtual machines run at full speed here (kvm) or are emulated (tcg).',
  ),
  vm_parts_missing: operator(
    'Let apt reach its archive, or install linux-image-cloud-amd64 (Debian) or linux-image-virtual (Ubuntu) and busybox-static.',
  ),
  base_machine_unfit: operator(
    'Run `ashlar doctor` on the machine where containers and virtual machines run; the image is not at fault.',
  ),
  home_unusable: operator('Check that ASHLAR_HOME is a directory which this user can write.'),
  authority_unsafe: operator(
    'Give the directory mode 0700 and its files mode 0600, owned by the user who runs Ashlar; if others had access, remove them and give machines the new certificate (`ashlar trust`).',
  ),
  authority_corrupt: operator(
    'Restore the file from a backup, or remove it: a new authority is made, and machines have to be given its certificate (`ashlar trust`).',
  ),
  trust_store_refused: operator(
    'Run the program named above by hand; it says why. Then run `ashlar trust --check`.',
  ),
  port_in_use: operator('End what listens there, or choose another address or port.'),

  policy_invalid: operator('Mend the policy or the advisory file at the place shown.'),

  loop_detected: {
    class: 'operator',
    httpStatus: 508,
    retryable: false,
    hint: 'On the machine of the mirror the names of the registries must not lead to the mirror: take the lines of `ashlar mirror env` out of its /etc/hosts, or name another address to fetch from with --upstream.',
  },
  server_unreachable: operator(
    'Start it with `ashlar mirror serve` or `ashlar registry-cache serve`, or name another address.',
  ),
  release_data_invalid: operator(
    'A file of Ashlar itself is damaged: install it again, or mend the file named above.',
    500,
  ),
  cache_damaged: operator(
    'Ask again: what was damaged is removed and fetched anew. `ashlar mirror verify --repair`, or `ashlar registry-cache verify --repair`, finds others.',
  ),
  cache_unstable: operator('Give the cache more room, or look who else removes its objects.'),

  // Faults of Ashlar, or of what it stored.
  packument_index_corrupt: platform('The index of a packument is damaged; it can be made anew.'),
  chunk_missing: platform(
    'Run `ashlar store fsck`; a missing pack may be in quarantine or in a backup.',
  ),
  chunk_corrupt: platform(
    'Run `ashlar store fsck`; then build or import the image again to store good bytes.',
  ),
  pack_missing: platform(
    'Run `ashlar store fsck`; restore the pack from a backup, or build the image again.',
  ),
  pack_corrupt: platform(
    'Run `ashlar store fsck`; restore the pack from a backup, or build the image again.',
  ),
  manifest_corrupt: platform('Run `ashlar store fsck`; then build or import the image again.'),
  tree_corrupt: platform('Run `ashlar store fsck`; then build or import the image again.'),
  object_missing: platform('Run `ashlar store fsck`.'),
  object_truncated: platform(
    'Run `ashlar store fsck`; restore the object from a backup, or build the image again.',
  ),
  object_too_large: platform('Run `ashlar store fsck`; the object is not what it should be.'),
  object_key_invalid: platform(
    'This is a fault of Ashlar; please report it with the message above.',
  ),
  object_not_a_file: operator(
    'Move away what stands in the place of the object; only Ashlar may write into its store.',
  ),
  boot_failed: platform(
    'The virtual machine ended before it reported; see the console output above.',
  ),
  interrupted: caller('The command was interrupted; run it again.', 499),
  internal: platform('This is a fault of Ashlar; please report it with the message above.'),
} as const satisfies Record<string, CatalogueEntry>;

export type ErrorCode = keyof typeof catalogue;
