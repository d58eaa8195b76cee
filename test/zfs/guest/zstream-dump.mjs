/**
 * Compares what zwire/stream says of a send stream with what `zstream dump -v` prints of it, field by field. The
 * formats of the lines are those of cmd/zstream/zstream_dump.c; a field that this file does not know is a difference,
 * so that nothing is passed over.
 */

/**
 * @typedef {import('../../../src/stream.ts').StreamRecord} StreamRecord
 * @typedef {import('../../../src/stream.ts').NvList} NvList
 */

/**
 * A record as it was printed.
 *
 * @typedef {object} DumpedRecord
 * @property {string} type
 * @property {Map<string, string>} fields as printed
 * @property {string[]} nvlist `name = value` of every value in the nvlist of a BEGIN, nested ones too, in order
 */

/**
 * @typedef {object} Dump
 * @property {DumpedRecord[]} records
 * @property {Map<string, string>} summary
 */

const TYPE_LINE =
  /^(OBJECT|FREEOBJECTS|WRITE|FREE|END|WRITE_BYREF|SPILL|WRITE_EMBEDDED|OBJECT_RANGE|REDACT) (?:block for )?(.*)$/;

/**
 * @param {string} text
 * @returns {Dump}
 */
export function parseDump(text) {
  /** @type {DumpedRecord[]} */
  const records = [];
  /** @type {Map<string, string>} */
  const summary = new Map();
  let place = 'records';
  for (const line of text.split('\n')) {
    const typed = TYPE_LINE.exec(line);
    const [, tabs = '', name = '', value = ''] = /^(\t*)(.+?) = (.*)$/.exec(line) ?? [];
    if (line === 'BEGIN record') {
      records.push({ type: 'BEGIN', fields: new Map(), nvlist: [] });
      place = 'begin';
    } else if (line === 'SUMMARY:') place = 'summary';
    else if (/^nvlist (version|encoding)/.test(line) && place !== 'summary') place = 'nvlist';
    else if (typed) {
      records.push({ type: typed[1] ?? '', fields: parseFields(typed[2] ?? ''), nvlist: [] });
      place = 'records';
    } else if (tabs === '') continue;
    else if (place === 'begin') records.at(-1)?.fields.set(name, value);
    else if (place === 'summary') summary.set(name, value);
    else if (value !== '(embedded nvlist)') records.at(-1)?.nvlist.push(`${name} = ${value.trim()}`);
  }
  return { records, summary };
}

/**
 * `object = 2 checksum type = 7 ...`: values have no blanks, names may.
 *
 * @param {string} text
 * @returns {Map<string, string>}
 */
function parseFields(text) {
  return new Map(
    Array.from(text.matchAll(/(\S[^=]*?) = (\S+)/g), ([, name, value]) => [name ?? '', value ?? '']),
  );
}

const hex = (/** @type {bigint | number} */ value) => value.toString(16);
const bytes = (/** @type {Uint8Array} */ value) => Buffer.from(value).toString('hex');

/**
 * The fields of a record under the names of zstream, as it prints them.
 *
 * @param {StreamRecord} record
 * @returns {Record<string, string | number | bigint>}
 */
function asPrinted(record) {
  const payload_size = record.payloadBytes;
  switch (record.type) {
    case 'BEGIN': {
      const f = record.fields;
      return {
        hdrtype: f.versionInfo & 3n,
        features: hex((f.versionInfo >> 2n) & ((1n << 56n) - 1n)),
        magic: hex(f.magic),
        creation_time: hex(f.creationTime),
        type: f.objsetType,
        flags: `0x${hex(f.flags)}`,
        toguid: hex(f.toGuid),
        fromguid: hex(f.fromGuid),
        toname: f.toName,
        payloadlen: payload_size,
      };
    }
    case 'OBJECT': {
      const f = record.fields;
      return {
        object: f.object,
        type: f.objectType,
        bonustype: f.bonusType,
        blksz: f.blockBytes,
        bonuslen: f.bonusBytes,
        dn_slots: f.dnodeSlots,
        raw_bonuslen: f.rawBonusBytes,
        flags: f.flags,
        maxblkid: f.maxBlockId,
        indblkshift: f.indirectBlockShift,
        nlevels: f.levels,
        nblkptr: f.blockPointers,
      };
    }
    case 'FREEOBJECTS':
      return { firstobj: record.fields.firstObject, numobjs: record.fields.objects };
    case 'WRITE': {
      const f = record.fields;
      return {
        object: f.object,
        type: f.objectType,
        'checksum type': f.checksumType,
        'compression type': f.compression,
        flags: f.flags,
        offset: f.offset,
        logical_size: f.logicalBytes,
        compressed_size: f.compressedBytes,
        payload_size,
        props: hex(f.keyProperties),
        salt: bytes(f.salt),
        iv: bytes(f.iv),
        mac: bytes(f.mac),
      };
    }
    case 'FREE': {
      const { object, offset, length } = record.fields;
      return { object, offset, length: BigInt.asIntN(64, length) };
    }
    case 'REDACT': {
      const { object, offset, length } = record.fields;
      return { object, offset, length };
    }
    case 'END':
      return { checksum: record.fields.checksum.map(hex).join('/') };
    case 'SPILL': {
      const f = record.fields;
      return {
        object: f.object,
        length: f.length,
        flags: f.flags,
        'compression type': f.compression,
        compressed_size: f.compressedBytes,
        payload_size,
        salt: bytes(f.salt),
        iv: bytes(f.iv),
        mac: bytes(f.mac),
      };
    }
    case 'WRITE_EMBEDDED': {
      const f = record.fields;
      return {
        object: f.object,
        offset: f.offset,
        length: f.length,
        toguid: hex(f.toGuid),
        comp: f.compression,
        etype: f.embeddedType,
        lsize: f.logicalBytes,
        psize: f.payloadBytes,
      };
    }
    case 'OBJECT_RANGE': {
      const f = record.fields;
      return {
        firstobj: f.firstObject,
        numslots: f.slots,
        flags: f.flags,
        salt: bytes(f.salt),
        iv: bytes(f.iv),
        mac: bytes(f.mac),
      };
    }
    default: // WRITE_BYREF: no OpenZFS in the lab makes them
      return {};
  }
}

/**
 * Every value of an nvlist as nvlist_print prints it.
 *
 * @param {NvList} list
 * @returns {string[]}
 */
function nvListAsPrinted(list) {
  return list.pairs.flatMap((pair) => {
    if (pair.type === 'nvlist') return nvListAsPrinted(pair.value);
    const value = pair.value;
    if (Array.isArray(value))
      return [`${pair.name} = ${value.map((item) => `0x${item.toString(16)}`).join(' ')}`];
    if (typeof value === 'bigint') return [`${pair.name} = 0x${hex(value)}`];
    return [`${pair.name} = ${typeof value === 'string' ? value : Number(value)}`];
  });
}

/**
 * @param {string} text of `zstream dump -v`
 * @param {readonly StreamRecord[]} records of the same stream
 * @returns {{ differences: string[], fields: number }} differences as sentences; how many fields were compared
 */
export function compareWithDump(text, records) {
  const dump = parseDump(text);
  /** @type {string[]} */
  const differences = [];
  let fields = 0;
  const expectSame = (
    /** @type {string} */ what,
    /** @type {unknown} */ theirs,
    /** @type {unknown} */ ours,
  ) => {
    fields += 1;
    if (String(theirs) !== String(ours)) differences.push(`${what}: zstream says ${theirs}, zwire ${ours}`);
  };
  expectSame('number of records', dump.records.length, records.length);
  dump.records.forEach((theirs, index) => {
    const ours = records[index];
    if (ours === undefined) return;
    const where = `record ${index + 1} (${theirs.type})`;
    expectSame(where, theirs.type, ours.type);
    if (theirs.type !== ours.type) return;
    const printed = new Map(Object.entries(asPrinted(ours)));
    for (const [name, value] of theirs.fields) expectSame(`${where} ${name}`, value, printed.get(name));
    if (ours.type !== 'BEGIN') return;
    const pairs = ours.begin.nvlist === undefined ? [] : nvListAsPrinted(ours.begin.nvlist.list);
    expectSame(`${where} values in the nvlist`, theirs.nvlist.length, pairs.length);
    theirs.nvlist.forEach((pair, at) => expectSame(`${where} nvlist`, pair, pairs[at]));
  });
  for (const [name, value] of dump.summary) {
    const type = /^Total DRR_(\w+) records$/.exec(name)?.[1];
    const some = records.filter((record) => type === undefined || record.type === type);
    const payload = some.reduce((sum, record) => sum + record.payloadBytes, 0);
    if (type !== undefined) expectSame(name, value, `${some.length} (${payload} bytes)`);
    else if (name === 'Total records') expectSame(name, value, some.length);
    else if (name === 'Total payload size') expectSame(name, value.split(' ')[0], payload);
    else if (name === 'Total stream length')
      expectSame(name, value.split(' ')[0], payload + 312 * some.length);
  }
  return { differences, fields };
}
