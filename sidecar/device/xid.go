package device

import "fmt"

// xidRule says what a fatal error of an NVIDIA card means and how the card works again.
type xidRule struct {
	what, cure string
}

// Cures of fatal errors.
const (
	cureReset  = "reset the card (nvidia-smi --gpu-reset) or reload the driver; if that does not help, restart the machine"
	cureReboot = "switch the machine off and on, and check the seat of the card and its power cables"
)

// fatalXID returns the rule of an XID after which a card must not be trusted until it was reset. The
// table holds the XIDs whose immediate action in NVIDIA's catalogue is RESET_GPU or RESTART_BM, and
// 48, whose workflow ends with a reset
// (https://docs.nvidia.com/deploy/xid-errors/analyzing-xid-catalog.html, read in 2026). XIDs that a program can
// cause, such as 13, 31, 43, 45, 68 and 94, and those of connections between cards (74) are not in
// it: a stranger's program must not be able to take a card out of work.
func fatalXID(number uint64) (xidRule, bool) {
	switch number {
	case 46:
		return xidRule{"the card has stopped processing", cureReset}, true
	case 48:
		return xidRule{"an uncorrectable memory error (double bit)", cureReset}, true
	case 62:
		return xidRule{"a controller in the card has halted", cureReset}, true
	case 64:
		return xidRule{"a defective part of its memory could not be replaced", cureReset}, true
	case 79:
		return xidRule{"the card has fallen off the bus", cureReboot}, true
	case 95:
		return xidRule{"an uncontained memory error", cureReset}, true
	case 109:
		return xidRule{"a change of context took too long", cureReset}, true
	case 110:
		return xidRule{"a security fault", cureReset}, true
	case 119:
		return xidRule{"the system processor of the card (GSP) does not answer", cureReset}, true
	case 120:
		return xidRule{"the system processor of the card (GSP) has failed", cureReset}, true
	case 140:
		return xidRule{"a memory error from which the driver could not recover", cureReset}, true
	case 143:
		return xidRule{"the card could not be initialized", cureReset}, true
	}
	return xidRule{}, false
}

// ailmentOf returns what a fatal XID means for the owner.
func (r xidRule) ailmentOf(number uint64) *Ailment {
	return &Ailment{Why: fmt.Sprintf("NVIDIA's driver reported XID %d: %s", number, r.what), Cure: r.cure}
}
