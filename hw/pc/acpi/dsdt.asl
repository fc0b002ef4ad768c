/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The PC's differentiated definition block: the PCI root with its windows and
 * interrupt routing, the ISA devices, the sleep states. What depends on the
 * command line (P0S, P0E: PCI hole below 4 GiB; HPTE: is there an HPET) is
 * written over by acpi.c; the values here make it four bytes. Nothing is
 * External: SeaBIOS's parser, which looks for devices, does not know that
 * opcode. ACPI 6.5 chapters 6 and 19.
 */
#define LINK(LNK, UID, REG)                                                   \
    Device (LNK) {                                                            \
        Name (_HID, EisaId ("PNP0C0F"))                                       \
        Name (_UID, UID)                                                      \
        Name (_PRS, ResourceTemplate () {                                     \
            Interrupt (, Level, ActiveHigh, Shared) { 5, 10, 11 }             \
        })                                                                    \
        Method (_STA, 0, NotSerialized) { Return (LSTA (REG)) }               \
        Method (_DIS, 0, NotSerialized) { Or (REG, 0x80, REG) }               \
        Method (_CRS, 0, NotSerialized) { Return (LCRS (REG)) }               \
        Method (_SRS, 1, NotSerialized) {                                     \
            CreateDWordField (Arg0, 0x05, PRRI)                               \
            Store (PRRI, REG)                                                 \
        }                                                                     \
    }

#define SLOT(ADDR, A, B, C, D)                                                \
    Package () { ADDR, 0, A, 0 }, Package () { ADDR, 1, B, 0 },               \
    Package () { ADDR, 2, C, 0 }, Package () { ADDR, 3, D, 0 }

DefinitionBlock ("dsdt.aml", "DSDT", 1, "EMU   ", "EMUDSDT ", 1)
{
    Name (\P0S, 0x12345678)
    Name (\P0E, 0x12345678)
    Name (\HPTE, 0x12345678)

    Name (\_S4, Package () { 2, 2, 0, 0 })
    Name (\_S5, Package () { 0, 0, 0, 0 })

    Scope (\_SB) {
        Device (PCI0) {
            Name (_HID, EisaId ("PNP0A03"))
            Name (_UID, 0)
            Name (CRES, ResourceTemplate () {
                WordBusNumber (ResourceProducer, MinFixed, MaxFixed, PosDecode,
                    0, 0, 0xFF, 0, 0x100)
                IO (Decode16, 0x0CF8, 0x0CF8, 1, 8)
                WordIO (ResourceProducer, MinFixed, MaxFixed, PosDecode,
                    EntireRange, 0, 0, 0x0CF7, 0, 0x0CF8)
                WordIO (ResourceProducer, MinFixed, MaxFixed, PosDecode,
                    EntireRange, 0, 0x0D00, 0xADFF, 0, 0xA100)
                WordIO (ResourceProducer, MinFixed, MaxFixed, PosDecode,
                    EntireRange, 0, 0xB000, 0xFFFF, 0, 0x5000)
                DWordMemory (ResourceProducer, PosDecode, MinFixed, MaxFixed,
                    Cacheable, ReadWrite, 0, 0x000A0000, 0x000BFFFF, 0, 0x20000)
                DWordMemory (ResourceProducer, PosDecode, MinFixed, MaxFixed,
                    NonCacheable, ReadWrite, 0, 0xE0000000, 0xFEBFFFFF, 0,
                    0x1EC00000, , , PW32)
            })
            Method (_CRS, 0, NotSerialized) {
                CreateDWordField (CRES, ^PW32._MIN, PMIN)
                CreateDWordField (CRES, ^PW32._MAX, PMAX)
                CreateDWordField (CRES, ^PW32._LEN, PLEN)
                Store (\P0S, PMIN)
                Store (\P0E, PMAX)
                Add (Subtract (\P0E, \P0S), 1, PLEN)
                Return (CRES)
            }

            /* Slot s, pin p goes to PIRQ (s + p - 1) & 3. The power management
             * function (slot 1) has interrupt 9 for itself. */
            Name (_PRT, Package () {
                SLOT (0x0000FFFF, LNKD, LNKA, LNKB, LNKC),
                Package () { 0x0001FFFF, 0, LNKS, 0 },
                Package () { 0x0001FFFF, 1, LNKB, 0 },
                Package () { 0x0001FFFF, 2, LNKC, 0 },
                Package () { 0x0001FFFF, 3, LNKD, 0 },
                SLOT (0x0002FFFF, LNKB, LNKC, LNKD, LNKA),
                SLOT (0x0003FFFF, LNKC, LNKD, LNKA, LNKB),
                SLOT (0x0004FFFF, LNKD, LNKA, LNKB, LNKC),
                SLOT (0x0005FFFF, LNKA, LNKB, LNKC, LNKD),
                SLOT (0x0006FFFF, LNKB, LNKC, LNKD, LNKA),
                SLOT (0x0007FFFF, LNKC, LNKD, LNKA, LNKB),
                SLOT (0x0008FFFF, LNKD, LNKA, LNKB, LNKC),
                SLOT (0x0009FFFF, LNKA, LNKB, LNKC, LNKD),
                SLOT (0x000AFFFF, LNKB, LNKC, LNKD, LNKA),
                SLOT (0x000BFFFF, LNKC, LNKD, LNKA, LNKB),
                SLOT (0x000CFFFF, LNKD, LNKA, LNKB, LNKC),
                SLOT (0x000DFFFF, LNKA, LNKB, LNKC, LNKD),
                SLOT (0x000EFFFF, LNKB, LNKC, LNKD, LNKA),
                SLOT (0x000FFFFF, LNKC, LNKD, LNKA, LNKB),
                SLOT (0x0010FFFF, LNKD, LNKA, LNKB, LNKC),
                SLOT (0x0011FFFF, LNKA, LNKB, LNKC, LNKD),
                SLOT (0x0012FFFF, LNKB, LNKC, LNKD, LNKA),
                SLOT (0x0013FFFF, LNKC, LNKD, LNKA, LNKB),
                SLOT (0x0014FFFF, LNKD, LNKA, LNKB, LNKC),
                SLOT (0x0015FFFF, LNKA, LNKB, LNKC, LNKD),
                SLOT (0x0016FFFF, LNKB, LNKC, LNKD, LNKA),
                SLOT (0x0017FFFF, LNKC, LNKD, LNKA, LNKB),
                SLOT (0x0018FFFF, LNKD, LNKA, LNKB, LNKC),
                SLOT (0x0019FFFF, LNKA, LNKB, LNKC, LNKD),
                SLOT (0x001AFFFF, LNKB, LNKC, LNKD, LNKA),
                SLOT (0x001BFFFF, LNKC, LNKD, LNKA, LNKB),
                SLOT (0x001CFFFF, LNKD, LNKA, LNKB, LNKC),
                SLOT (0x001DFFFF, LNKA, LNKB, LNKC, LNKD),
                SLOT (0x001EFFFF, LNKB, LNKC, LNKD, LNKA),
                SLOT (0x001FFFFF, LNKC, LNKD, LNKA, LNKB)
            })

            Device (ISA) {
                Name (_ADR, 0x00010000)
                OperationRegion (PIRQ, PCI_Config, 0x60, 4)

                Device (RTC) {
                    Name (_HID, EisaId ("PNP0B00"))
                    Name (_CRS, ResourceTemplate () {
                        IO (Decode16, 0x0070, 0x0070, 1, 8)
                        IRQNoFlags () { 8 }
                    })
                }
                Device (KBD) {
                    Name (_HID, EisaId ("PNP0303"))
                    Name (_CRS, ResourceTemplate () {
                        IO (Decode16, 0x0060, 0x0060, 1, 1)
                        IO (Decode16, 0x0064, 0x0064, 1, 1)
                        IRQNoFlags () { 1 }
                    })
                }
                Device (MOU) {
                    Name (_HID, EisaId ("PNP0F13"))
                    Name (_CRS, ResourceTemplate () { IRQNoFlags () { 12 } })
                }
                Device (COM1) {
                    Name (_HID, EisaId ("PNP0501"))
                    Name (_UID, 1)
                    Name (_CRS, ResourceTemplate () {
                        IO (Decode16, 0x03F8, 0x03F8, 0, 8)
                        IRQNoFlags () { 4 }
                    })
                }
            }
        }

        Field (PCI0.ISA.PIRQ, ByteAcc, NoLock, Preserve) {
            PRQ0, 8,
            PRQ1, 8,
            PRQ2, 8,
            PRQ3, 8
        }
        Method (LSTA, 1, NotSerialized) {
            If (And (Arg0, 0x80)) { Return (0x09) }
            Return (0x0B)
        }
        Method (LCRS, 1, Serialized) {
            Name (PRR0, ResourceTemplate () {
                Interrupt (, Level, ActiveHigh, Shared) { 0 }
            })
            CreateDWordField (PRR0, 0x05, PRRI)
            If (LLess (Arg0, 0x80)) { Store (Arg0, PRRI) }
            Return (PRR0)
        }
        LINK (LNKA, 0, PRQ0)
        LINK (LNKB, 1, PRQ1)
        LINK (LNKC, 2, PRQ2)
        LINK (LNKD, 3, PRQ3)
        Device (LNKS) {
            Name (_HID, EisaId ("PNP0C0F"))
            Name (_UID, 4)
            Name (_PRS, ResourceTemplate () {
                Interrupt (, Level, ActiveHigh, Shared) { 9 }
            })
            Method (_STA, 0, NotSerialized) { Return (0x0B) }
            Method (_DIS, 0, NotSerialized) { }
            Method (_CRS, 0, NotSerialized) { Return (_PRS) }
            Method (_SRS, 1, NotSerialized) { }
        }

        Device (HPET) {
            Name (_HID, EisaId ("PNP0103"))
            Name (_UID, 0)
            Method (_STA, 0, NotSerialized) {
                If (\HPTE) { Return (0x0F) }
                Return (0)
            }
            Name (_CRS, ResourceTemplate () {
                Memory32Fixed (ReadOnly, 0xFED00000, 0x00000400)
            })
        }
    }
}
