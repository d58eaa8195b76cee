-- The protocol as Wireshark lists it: fields that were found out rather than read, remarks, preferences.
-- docs/protocol.md is the specification, docs/operations/wireshark.md says how to use this.
--
local zwire = Proto('zwire', 'zwire: ZFS over the wire')

-- Fields that are on no wire: they say what was found out.
local derived = {
  stream = ProtoField.uint32('zwire.stream', 'Transfer of this capture'),
  counter = ProtoField.uint64('zwire.counter', 'Counter'),
  segments = ProtoField.uint16('zwire.segments', 'Segments in this datagram'),
  payload = ProtoField.bytes('zwire.payload', 'Payload'),
  sealed_key = ProtoField.bytes('zwire.announce.sealed_key', "Sender's static key, sealed"),
  sealed = ProtoField.bytes('zwire.sealed', 'Sealed body'),
  tag = ProtoField.bytes('zwire.tag', 'Tag'),
  opened = ProtoField.bool('zwire.opened', 'Opened'),
  from = ProtoField.string('zwire.from', 'From'),
  body = ProtoField.string('zwire.announce.body', 'Announcement'),
  first_frame = ProtoField.framenum('zwire.first_frame', 'The same segment before', base.NONE, frametype.RETRANS_PREV),
  announced_in = ProtoField.framenum('zwire.announced_in', 'Announced in', base.NONE, frametype.REQUEST),
  missing = ProtoField.string('zwire.status.entry.segments', 'Missing'),
  entry_record = ProtoField.uint64('zwire.status.entry.number', 'Record'),
  record = ProtoField.uint64('zwire.reassembled', 'Reassembled record'),
  record_segments = ProtoField.uint8('zwire.reassembled.segments', 'Segments so far'),
  record_complete = ProtoField.bool('zwire.reassembled.complete', 'Complete'),
  record_length = ProtoField.uint32('zwire.reassembled.length', 'Length'),
  record_frame = ProtoField.framenum('zwire.reassembled.frame', 'Segment in', base.NONE),
  record_data = ProtoField.bytes('zwire.reassembled.data', 'Sealed data'),
  record_plain = ProtoField.bytes('zwire.reassembled.opened', 'Opened data'),
  fault = ProtoField.string('zwire.fault', 'Not a valid segment'),
  v0_length = ProtoField.bool('zwire.v0.seed_length', "UDP length without its header, as the seed writes it"),
}
local all_fields = {}
for _, field in pairs(fields) do all_fields[#all_fields + 1] = field end
for _, field in pairs(derived) do all_fields[#all_fields + 1] = field end
zwire.fields = all_fields

local experts = {
  fault = ProtoExpert.new('zwire.expert.fault', 'Not a valid segment', expert.group.MALFORMED, expert.severity.ERROR),
  body = ProtoExpert.new('zwire.expert.body', 'Malformed body', expert.group.MALFORMED, expert.severity.ERROR),
  tag = ProtoExpert.new('zwire.expert.tag', 'The tag does not fit', expert.group.CHECKSUM, expert.severity.ERROR),
  crc = ProtoExpert.new('zwire.expert.crc', 'The CRC does not fit', expert.group.CHECKSUM, expert.severity.ERROR),
  geometry = ProtoExpert.new('zwire.expert.length', 'Lengths disagree', expert.group.MALFORMED, expert.severity.WARN),
  trailing = ProtoExpert.new('zwire.expert.trailing', 'Bytes behind the last segment', expert.group.MALFORMED, expert.severity.WARN),
  repeated = ProtoExpert.new('zwire.expert.repeat', 'Repeated segment', expert.group.SEQUENCE, expert.severity.NOTE),
  duplicate = ProtoExpert.new('zwire.expert.duplicate', 'Duplicate segment', expert.group.SEQUENCE, expert.severity.WARN),
  gap = ProtoExpert.new('zwire.expert.gap', 'Gap', expert.group.SEQUENCE, expert.severity.WARN),
  late = ProtoExpert.new('zwire.expert.late', 'Out of order', expert.group.SEQUENCE, expert.severity.NOTE),
  closed = ProtoExpert.new('zwire.expert.closed', 'Cannot be opened', expert.group.DECRYPTION, expert.severity.NOTE),
  refused = ProtoExpert.new('zwire.expert.failed', 'Refused or failed', expert.group.RESPONSE_CODE, expert.severity.WARN),
  cut = ProtoExpert.new('zwire.expert.cut', 'Cut off by the capture', expert.group.UNDECODED, expert.severity.NOTE),
}
local all_experts = {}
for _, one in pairs(experts) do all_experts[#all_experts + 1] = one end
zwire.experts = all_experts

zwire.prefs.ports = Pref.range('UDP ports', '1337', 'Ports that receivers of zwire listen on', 65535)
zwire.prefs.open_records = Pref.bool('Open records', false, 'Decrypt whole records as well as control messages: about 0.3 s each')
zwire.prefs.key_log = Pref.string('Key log', '', 'File that zwire send --key-log or zwire receive --key-log has written')
zwire.prefs.v0 = Pref.bool('Recognise v0', true, "The seed's format on these ports, where the first bytes are not those of v1")
zwire.prefs.memory = Pref.uint('Memory for records, MiB', 64, 'Bytes of records that are kept to be shown whole')

local TYPES = {}
for name, number in pairs(message_types) do TYPES[number] = name:upper() end
local FROM_RECEIVER = { [message_types.status] = true, [message_types.join] = true }
