/** A recorded registry as a process: `node main.ts --options JSON`, the options of `startRecordedRegistry`. */
import { parseArgs } from 'node:util';
import { answerCalls } from '../recorded-upstream/called-process.ts';
import { type RecordedRegistryOptions, startRecordedRegistry } from './recorded-registry.ts';

const { values } = parseArgs({ options: { options: { type: 'string', default: '{}' } } });
const registry = await startRecordedRegistry(JSON.parse(values.options) as RecordedRegistryOptions);
answerCalls({ started: { url: registry.url, port: registry.port }, target: registry });
