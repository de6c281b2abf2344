import { isAtLeast } from '../engine.ts';

/** What a setting of a Defaults entry takes. */
export interface SettingKind {
  readonly name: string;
  readonly kind:
    | 'flag'
    | 'text'
    | 'facility'
    | 'priority'
    | 'count'
    | 'number'
    | 'minutes'
    | 'mode'
    | 'list'
    | 'choice'
    | 'duration'
    | 'limit';
  /** `!name` is right, though it is no flag. */
  readonly off: boolean;
  /** `path`: begins with a slash. `anyPath`: or with `~`, or is `*`. */
  readonly path: 'path' | 'anyPath' | null;
  readonly choices: readonly string[];
}

/** The settings of this version, by name. */
export function settingKinds(version: string): ReadonlyMap<string, SettingKind> {
  const kinds = new Map<string, SettingKind>();
  for (const row of table.trim().split('\n')) {
    const [name = '', kind = 'flag', ...rest] = row.trim().split(' ');
    const since = rest.find((word) => word.startsWith('@'))?.slice(1) ?? '0';
    if (!isAtLeast(version, since)) continue;
    kinds.set(name, {
      name,
      kind: kind as SettingKind['kind'],
      off: rest.includes('off'),
      path: rest.includes('path') ? 'path' : rest.includes('anyPath') ? 'anyPath' : null,
      choices: rest.find((word) => word.includes('/'))?.split('/') ?? [],
    });
  }
  return kinds;
}

/** Name, kind, `off` and path, choices, and the version that brought it, from the history of plugins/sudoers/def_data.in since 1.8.9. */
const table = `
  syslog facility off
  syslog_goodpri priority
  syslog_goodpri priority off @1.8.19
  syslog_badpri priority
  syslog_badpri priority off @1.8.19
  long_otp_prompt flag
  ignore_dot flag
  mail_always flag
  mail_badpass flag
  mail_no_user flag
  mail_no_host flag
  mail_no_perms flag
  tty_tickets flag
  lecture choice off never/once/always
  lecture_file text off path
  authenticate flag
  root_sudo flag
  log_host flag
  log_year flag
  shell_noargs flag
  set_home flag
  always_set_home flag
  path_info flag
  fqdn flag
  insults flag
  requiretty flag
  env_editor flag
  rootpw flag
  runaspw flag
  targetpw flag
  use_loginclass flag
  set_logname flag
  stay_setuid flag
  preserve_groups flag
  loglinelen count off
  timestamp_timeout minutes off
  passwd_timeout minutes off
  passwd_tries count
  umask mode off
  logfile text off path
  mailerpath text off path
  mailerflags text off
  mailto text off
  mailfrom text off
  mailsub text
  badpass_message text
  timestampdir text path
  timestampowner text
  exempt_group text off
  passprompt text
  passprompt_override flag
  runas_default text
  secure_path text off
  editor text path
  listpw choice off never/any/all/always
  verifypw choice off never/all/any/always
  noexec flag
  ignore_local_sudoers flag
  closefrom number
  closefrom_override flag
  setenv flag
  env_reset flag
  env_check list off
  env_delete list off
  env_keep list off
  role text
  type text
  env_file text off path
  sudoers_locale text
  visiblepw flag
  pwfeedback flag
  fast_glob flag
  umask_override flag
  log_input flag
  log_output flag
  compress_io flag
  use_pty flag
  group_plugin text
  iolog_dir text path
  iolog_file text
  set_utmp flag
  utmp_runas flag
  privs text
  limitprivs text
  exec_background flag
  pam_service text
  pam_login_service text
  pam_setcred flag
  pam_session flag
  maxseq count
  maxseq text @1.9.0
  lecture_status_dir text path @1.8.10
  use_netgroups flag @1.8.10
  mail_all_cmnds flag @1.8.13
  sudoedit_checkdir flag @1.8.15
  sudoedit_follow flag @1.8.15
  always_query_group_plugin flag @1.8.15
  netgroup_tuple flag @1.8.16
  ignore_audit_errors flag @1.8.18
  ignore_iolog_errors flag @1.8.18
  ignore_logfile_errors flag @1.8.18
  match_group_by_gid flag @1.8.18
  syslog_maxlen count @1.8.19
  iolog_user text off @1.8.19
  iolog_group text off @1.8.19
  iolog_mode mode @1.8.19
  restricted_env_file text off path @1.8.20
  fdexec choice off never/digest_only/always @1.8.20
  ignore_unknown_defaults flag @1.8.20
  command_timeout duration off @1.8.20
  user_command_timeouts flag @1.8.20
  iolog_flush flag @1.8.20
  syslog_pid flag @1.8.21
  timestamp_type choice global/ppid/tty @1.8.21
  timestamp_type choice global/ppid/tty/kernel @1.8.22
  authfail_message text @1.8.22
  case_insensitive_user flag @1.8.23
  case_insensitive_group flag @1.8.23
  pam_acct_mgmt flag @1.8.28
  log_allowed flag @1.8.29
  log_denied flag @1.8.29
  runas_allow_unknown_id flag @1.8.30
  runas_check_shell flag @1.8.30
  log_servers list off @1.9.0
  log_server_timeout duration off @1.9.0
  log_server_keepalive flag @1.9.0
  log_server_cabundle text off path @1.9.0
  log_server_peer_cert text off path @1.9.0
  log_server_peer_key text off path @1.9.0
  log_server_verify flag @1.9.0
  pam_ruser flag @1.9.0
  pam_rhost flag @1.9.0
  runcwd text off anyPath @1.9.3
  runchroot text off anyPath @1.9.3
  log_format choice sudo/json @1.9.4
  log_format choice sudo/json/json_compact/json_pretty @1.9.16
  selinux flag @1.9.5
  admin_flag text off anyPath @1.9.6
  intercept flag @1.9.8
  log_subcmds flag @1.9.8
  log_exit_status flag @1.9.8
  intercept_authenticate flag @1.9.8
  intercept_allow_setid flag @1.9.8
  pam_askpass_service text @1.9.9
  rlimit_as limit off @1.9.9
  rlimit_core limit off @1.9.9
  rlimit_cpu limit off @1.9.9
  rlimit_data limit off @1.9.9
  rlimit_fsize limit off @1.9.9
  rlimit_locks limit off @1.9.9
  rlimit_memlock limit off @1.9.9
  rlimit_nofile limit off @1.9.9
  rlimit_nproc limit off @1.9.9
  rlimit_rss limit off @1.9.9
  rlimit_stack limit off @1.9.9
  noninteractive_auth flag @1.9.10
  log_passwords flag @1.9.10
  passprompt_regex list off @1.9.10
  intercept_type choice dso/trace @1.9.11
  apparmor_profile text @1.9.11
  log_stdin flag @1.9.12
  log_ttyin flag @1.9.12
  log_stdout flag @1.9.12
  log_stderr flag @1.9.12
  log_ttyout flag @1.9.12
  intercept_verify flag @1.9.12
  pam_silent flag @1.9.16
  cmddenial_message text @1.9.16
`;
