/** Whether a reference names a git repository, a folder or a file: nothing that a registry serves. */
export function isNoTarball(reference: string): boolean {
  return otherProtocol.test(reference) || gitOverHttp.test(reference);
}

const otherProtocol =
  /^(?:git[+:@]|ssh:|file:|link:|portal:|workspace:|github:|gitlab:|bitbucket:|gist:|\.{0,2}\/)/i;
const gitOverHttp = /^https?:[^#?]*\.git(?:[#?]|$)/i;
