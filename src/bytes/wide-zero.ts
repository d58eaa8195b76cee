// V8 notes of every field of every class whether it has held anything but integers below 2^31, and compiles fast code for
// those that have not. The first fraction or larger integer undoes that: whatever was compiled for objects of the class is
// thrown away, and runs slowly until it is compiled anew. A byte counter does so at 2 GiB, in the middle of every large
// transfer: the half gigabyte behind it went 10 to 13 % slower (Node 20 and 24).
//
// A field of the code that runs for every record therefore starts as wide as it will become. V8 does not count -0 among
// the small integers. Where others read the field before anything was added to it, the constructor sets it to 0 again:
// wide it stays.

/** The zero with which a field starts that will hold fractions (times), or integers from 2^31 on (bytes, 48-bit numbers). */
export const WIDE_ZERO: number = -0;
