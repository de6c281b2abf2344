import { join } from 'node:path';
import { directoryFiles } from '../../../base-images/files/directory-files.ts';
import { isRoot, scratchDir } from '../../support/scratch.ts';
import {
  changedSketch,
  memorySketch,
  sketchOnDisk,
  storedSketch,
} from '../support/sketched-files.ts';
import { contractFiles, describeImageFiles } from './image-files.contract.ts';

describeImageFiles('a stored image', storedSketch);
describeImageFiles('an image all of whose files are changes', changedSketch);
describeImageFiles('files in memory', (sketches) => Promise.resolve(memorySketch(sketches)));

const scratch = scratchDir('image-files');
describeImageFiles(
  'a directory',
  async () => {
    await sketchOnDisk(join(scratch, 'root'), contractFiles);
    return directoryFiles(join(scratch, 'root'));
  },
  isRoot ? null : 'only root can give files to others',
);
