// The public API of `zwire/stream`: what is inside of ZFS send streams and resume tokens. Needs no ZFS.
export type { ErrorCode } from './bytes/error-codes.ts';
export { ZwireError } from './bytes/zwire-error.ts';
export {
  type BeginFlag,
  compressionName,
  featureFlags,
  featuresOf,
  type StreamFeature,
} from './stream/feature.ts';
export { type ChecksumWords, Fletcher4, formatChecksum } from './stream/fletcher4.ts';
export { STREAM_LIMITS } from './stream/limits.ts';
export { type NvList, type NvPair, nvPlain, type NvValues, nvValue } from './stream/nvlist.ts';
export { type DecodedNvList, decodeNvList } from './stream/nvlist-decode.ts';
export { encodeNativeNvList, encodeXdrNvList } from './stream/nvlist-encode.ts';
export { readRecords, recordGate, type RecordGateOptions } from './stream/read-records.ts';
export {
  RECORD_BYTES,
  RECORD_LAYOUTS,
  RECORD_TYPES,
  type RecordFields,
  type RecordType,
} from './stream/record-layout.ts';
export { decodeResumeToken, encodeResumeToken, type ResumeToken } from './stream/resume-token.ts';
export { type StreamEnd, StreamReader, type StreamReaderOptions } from './stream/stream-reader.ts';
export {
  BeginRecord,
  RecordOf,
  type RecordPlace,
  type StreamBegin,
  type StreamRecord,
} from './stream/stream-record.ts';
export {
  type ChecksumCount,
  type CompressionCount,
  type RecordCount,
  streamKinds,
  StreamSummary,
  type SubstreamSummary,
} from './stream/stream-summary.ts';
export { type BeginToWrite, StreamWriter } from './stream/stream-writer.ts';
