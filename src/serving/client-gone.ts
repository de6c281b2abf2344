/** The client closed the connection before it had its answer. */
export class ClientGone extends Error {
  constructor(options?: ErrorOptions) {
    super('the client closed the connection', options);
    this.name = 'ClientGone';
  }
}
