/**
 * The files of a root file system, that of this machine or one below a directory, with paths as they are seen inside it; no link
 * leads out of it.
 */
export interface ClientFiles {
  /** Null where there is none. Throws `config_invalid` for what is no text file of a sane size. */
  read(path: string): Promise<{ readonly text: string } | null>;
  exists(path: string): Promise<boolean>;
  /** The same for the name itself, which may be a link to nothing. */
  existsAsName(path: string): Promise<boolean>;
  /** The names in a directory in order, none where it is missing. */
  list(path: string): Promise<readonly string[]>;
  /** Puts a file there, whole; one that was there keeps its owner and mode. Makes the directories that it needs. */
  write(path: string, text: string): Promise<unknown>;
  remove(path: string): Promise<void>;
  /** Removes a directory when it is empty. */
  removeEmpty(path: string): Promise<void>;
}
