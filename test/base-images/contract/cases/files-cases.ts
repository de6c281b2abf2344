import {
  authority,
  authorityKey,
  commonAuthority,
  derOf,
  strangeAuthority,
} from '../support/authorities.ts';
import { elf, goodBase, program } from '../support/good-base.ts';
import { nothingToDo, refused, somethingToDo } from '../support/plans.ts';
import { type Cases, tree, withStatus } from './case.ts';

const upstart = {
  'usr/sbin/init': program,
  'var/lib/dpkg/status': withStatus({ upstart: '1.12.1-0ubuntu4.2' }),
  'usr/lib/ashlar/init': null,
};

/** The files of an image, and what the machine that it becomes finds there. */
export const filesCases: Cases = {
  'files-as-they-claim': {
    fails: tree({ 'etc/os-release': Buffer.alloc(300) }),
    says: /\/etc\/os-release: is no text/,
    acts: 'author',
    at: 'etc/os-release',
  },
  'accounts-readable': {
    fails: tree({ 'etc/passwd': { content: 'root:x:0:0::/root:/bin/sh\n', mode: 0o600 } }),
    says: /\/etc\/passwd is 0600/,
    acts: 'author',
    at: 'etc/passwd',
  },
  'architecture-fits': {
    fails: { tree: goodBase, hostArchitecture: 'arm64' },
    says: /the image is for amd64, and this machine is arm64/,
    acts: 'caller',
    at: null,
  },
  'shell-there': {
    fails: tree({ 'usr/bin/sh': null }),
    says: /\/bin\/sh leads to no program/,
    acts: 'author',
    at: 'bin/sh',
  },
  'usr-merged-whole': {
    fails: tree({ lib: null, 'lib/mine.so': '' }),
    says: /\/bin and \/sbin are links, and \/lib are directories/,
    acts: 'author',
    at: 'lib',
  },
  'root-open': {
    fails: tree({ etc: { directory: true, mode: 0o700 } }),
    says: /\/etc is 0700/,
    acts: 'author',
    at: 'etc',
  },
  'tmp-sticky': {
    fails: tree({ tmp: { directory: true, mode: 0o755 } }),
    says: /\/tmp is 0755/,
    acts: 'author',
    at: 'tmp',
  },
  'dev-null-plain': {
    fails: tree({ 'dev/null': 'what was thrown away\n' }),
    says: /\/dev\/null is no device: file/,
    acts: 'author',
    at: 'dev/null',
  },
  'apt-sources-read': {
    passes: tree({
      'etc/apt/sources.list.d/debian.sources': null,
      'etc/apt/sources.list': 'deb http://mirror.example/debian bookworm main\n',
    }),
    fails: tree({ 'var/lib/dpkg/status': withStatus({ apt: '1.0.1ubuntu2.24' }) }),
    says: /debian\.sources is not read by apt 1\.0\.1/,
    acts: 'author',
    at: 'etc/apt/sources.list.d/debian.sources',
  },
  'apt-archive-there': {
    fails: tree({
      'etc/os-release':
        'NAME="Ubuntu"\nVERSION_ID="25.04"\nVERSION_CODENAME=plucky\nID=ubuntu\nID_LIKE=debian\n',
      'etc/debian_version': 'trixie/sid\n',
      'etc/apt/sources.list.d/debian.sources':
        'Types: deb\nURIs: http://archive.ubuntu.com/ubuntu\nSuites: plucky\nComponents: main\n',
    }),
    says: /names the main archive, and the suites of .* are at the historical one/,
    acts: 'author',
    at: 'etc/apt/sources.list.d/debian.sources',
  },
  'apt-https-trusted': {
    passes: tree({ 'etc/apt/sources.list': 'deb https://mirror.example/debian bookworm main\n' }),
    fails: tree({
      'etc/apt/sources.list': 'deb https://mirror.example/debian bookworm main\n',
      'etc/ssl': null,
    }),
    says: /names https, and the image trusts no certificate/,
    acts: 'author',
    at: 'etc/apt/sources.list',
  },
  'apt-asks-nothing': {
    passes: tree({
      'var/lib/dpkg/status': withStatus({ needrestart: '3.6' }),
      'etc/needrestart/conf.d/zz-ashlar.conf': "$nrconf{restart} = 'a';\n",
    }),
    fails: tree({ 'var/lib/dpkg/status': withStatus({ needrestart: '3.6' }) }),
    says: /needrestart asks/,
    acts: 'author',
    at: 'etc/apt/apt.conf.d',
  },
  'ca-one-certificate-each': {
    fails: tree({ 'usr/local/share/ca-certificates/der.crt': derOf(authority) }),
    says: /der\.crt: it holds binary data/,
    acts: 'author',
    at: 'usr/local/share/ca-certificates/der.crt',
  },
  'ca-names-read': {
    fails: tree({ 'usr/local/share/ca-certificates/own.pem': authority }),
    says: /own\.pem is passed over/,
    acts: 'author',
    at: 'usr/local/share/ca-certificates/own.pem',
  },
  'ca-no-private-key': {
    fails: tree({ 'usr/local/share/ca-certificates/both.crt': authority + authorityKey }),
    says: /both\.crt holds a private key/,
    acts: 'author',
    at: 'usr/local/share/ca-certificates/both.crt',
  },
  'ca-bundle-clean': {
    fails: tree({
      'etc/ssl/certs/ca-certificates.crt': Buffer.concat([
        Buffer.from(commonAuthority),
        derOf(authority),
      ]),
    }),
    says: /ca-certificates\.crt: it holds binary data/,
    acts: 'author',
    at: 'etc/ssl/certs/ca-certificates.crt',
  },
  'ca-in-bundle': {
    fails: tree({ 'etc/ssl/certs/ca-certificates.crt': commonAuthority }),
    says: /own\.crt is not in \/etc\/ssl\/certs\/ca-certificates\.crt/,
    acts: 'author',
    at: 'usr/local/share/ca-certificates/own.crt',
  },
  'ca-hash-links': {
    fails: tree({ 'usr/local/share/ca-certificates/other.crt': strangeAuthority }),
    says: /no link in \/etc\/ssl\/certs leads to the certificate of .*other\.crt/,
    acts: 'author',
    at: 'usr/local/share/ca-certificates/other.crt',
  },
  'ca-outlives-update': {
    fails: tree({
      'usr/local/share/ca-certificates/passed-over.pem': strangeAuthority,
      'etc/ssl/certs/ca-certificates.crt': commonAuthority + authority + strangeAuthority,
    }),
    says: /1 of 3 certificates/,
    acts: 'author',
    at: 'etc/ssl/certs/ca-certificates.crt',
  },
  'resolv-conf-whole': {
    fails: tree({ 'etc/resolv.conf': { target: '../run/resolvconf/resolv.conf' } }),
    says: /a link to \.\.\/run\/resolvconf\/resolv\.conf, which leads to nothing/,
    acts: 'author',
    at: 'etc/resolv.conf',
  },
  'hostname-in-hosts': {
    fails: tree({ 'etc/hosts': '127.0.0.1 localhost # ashlar\n' }),
    says: /\/etc\/hosts does not have ashlar/,
    acts: 'author',
    at: 'etc/hosts',
  },
  'machine-id-unset': {
    passes: tree({ 'etc/machine-id': 'uninitialized\n' }),
    fails: tree({ 'etc/machine-id': '0123456789abcdef0123456789abcdef\n' }),
    says: /\/etc\/machine-id is filled/,
    acts: 'author',
    at: 'etc/machine-id',
  },
  'services-may-start': {
    fails: tree({ 'usr/sbin/policy-rc.d': { content: '#!/bin/sh\nexit 101\n', mode: 0o755 } }),
    says: /policy-rc\.d forbids/,
    acts: 'author',
    at: 'usr/sbin/policy-rc.d',
  },
  'initctl-in-place': {
    passes: tree(upstart),
    fails: tree({
      ...upstart,
      'var/lib/dpkg/diversions': '/sbin/initctl\n/sbin/initctl.distrib\n:\n',
    }),
    says: /initctl was moved to \/sbin\/initctl\.distrib/,
    acts: 'author',
    at: 'sbin/initctl',
  },
  'docker-traces': {
    fails: tree({ '.dockerenv': '' }),
    says: /\/\.dockerenv is there/,
    acts: 'author',
    at: '.dockerenv',
  },
  'init-starts': {
    fails: tree({ 'usr/sbin/init': null }),
    says: /none of \/sbin\/init, \/etc\/init, \/bin\/init is a program/,
    acts: 'author',
    at: 'sbin/init',
  },
  'disk-checked-by-guest': {
    passes: tree({ 'etc/fstab': '/dev/vda / ext4 defaults 0 1\n' }),
    fails: tree({
      'var/lib/dpkg/status': withStatus({ e2fsprogs: '1.42.9-3ubuntu1.3' }),
      'etc/fstab': '/dev/vda / ext4 defaults 0 1\n',
    }),
    says: /e2fsprogs 1\.42\.9 does not read metadata_csum \(since 1\.43\)/,
    acts: 'author',
    at: 'etc/fstab',
  },
  'agent-static': {
    fails: tree({ 'usr/lib/ashlar/busybox': { content: elf('dynamic'), mode: 0o755 } }),
    says: /busybox is no static program/,
    acts: 'author',
    at: 'usr/lib/ashlar/busybox',
  },
  'scripts-portable': {
    passes: tree({
      'usr/lib/ashlar/init': {
        content: '#!/usr/lib/ashlar/busybox sh\n# sudo -E is not used\nsudo A=b true\n',
        mode: 0o755,
      },
    }),
    fails: tree({
      'usr/lib/ashlar/init': {
        content: '#!/usr/lib/ashlar/busybox sh\nsudo -n -E true\n',
        mode: 0o755,
      },
    }),
    says: /init:2: sudo-rs passes over -E/,
    acts: 'author',
    at: 'usr/lib/ashlar/init:2',
  },
  'setup-serves': {
    passes: { tree: goodBase, plan: async () => nothingToDo },
    fails: { tree: goodBase, plan: async () => refused },
    says: /\/etc\/ssl of the image is a file/,
    acts: 'author',
    at: 'etc/ssl',
  },
  'setup-complete': {
    passes: { tree: goodBase, plan: async () => nothingToDo },
    fails: { tree: goodBase, plan: async () => somethingToDo },
    says: /1 things are not as a setup would leave them now/,
    acts: 'caller',
    at: null,
  },
};
