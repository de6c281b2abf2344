/** The door of the room `builder/`: from a Dockerfile, or an image from outside, to an image in the store. */
export { hostArchitecture, importImage, type ImportImageOptions } from './import/import-image.ts';
