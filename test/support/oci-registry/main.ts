/** A recorded OCI registry as a process: `node main.ts --options JSON`, those of `startRecordedOciRegistry`. */
import { parseArgs } from 'node:util';
import { answerCalls } from '../recorded-upstream/called-process.ts';
import { startRecordedOciRegistry } from './recorded-oci-registry.ts';
import type { RecordedOciOptions } from './registry-options.ts';

const { values } = parseArgs({ options: { options: { type: 'string', default: '{}' } } });
const registry = await startRecordedOciRegistry(JSON.parse(values.options) as RecordedOciOptions);
const { url, host, port, cdnUrl, tokenUrl } = registry;
answerCalls({ started: { url, host, port, cdnUrl, tokenUrl }, target: registry });
