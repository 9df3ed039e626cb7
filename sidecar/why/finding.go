package why

import "fmt"

// Cause names why a node earns what it earns. Names are for programs and do not change.
type Cause string

// These are the causes, in their order of precedence: while one holds, those after it matter less.
const (
	// DaemonStopped means that no daemon runs with the home.
	DaemonStopped Cause = "daemon-stopped"
	// EndpointUnreachable means that the node of chain.grpc gives no answer.
	EndpointUnreachable Cause = "endpoint-unreachable"
	// OtherChain means that the node of chain.grpc belongs to another chain than chain.id.
	OtherChain Cause = "other-chain"
	// EndpointBehind means that the node of chain.grpc catches up, or that no blocks come.
	EndpointBehind Cause = "endpoint-behind"
	// ClockOff means that this machine's clock differs from the time of the blocks.
	ClockOff Cause = "clock-off"
	// Unproven means that nothing that the node of chain.grpc shows can be proven.
	Unproven Cause = "unproven"
	// Unregistered means that no node has the worker key.
	Unregistered Cause = "unregistered"
	// OtherWorker means that the operator's node has another worker key.
	OtherWorker Cause = "other-worker"
	// Retired means that the operator has closed the node.
	Retired Cause = "retired"
	// Jailed means that the node is jailed for faults.
	Jailed Cause = "jailed"
	// PausedOnChain means that the operator has paused the node on the chain.
	PausedOnChain Cause = "paused-on-chain"
	// VersionOld means that the chain asks for a newer version of the program.
	VersionOld Cause = "version-old"
	// LeaseLapsed means that the node counts as gone because its worker sent nothing.
	LeaseLapsed Cause = "lease-lapsed"
	// BondTooSmall means that the bond is below the minimum, or completely locked.
	BondTooSmall Cause = "bond-too-small"
	// WeightZero means that the node cannot be drawn before the next epoch.
	WeightZero Cause = "weight-zero"
	// GrantMissing means that the fee grant is missing, over, or used up.
	GrantMissing Cause = "grant-missing"
	// GasTooDear means that a unit of gas costs more than the owner allows.
	GasTooDear Cause = "gas-too-dear"
	// DaySpent means that the fees that the owner allows per day are spent.
	DaySpent Cause = "day-spent"
	// ExecutorUnhealthy means that this machine cannot run a profile that the node has registered.
	ExecutorUnhealthy Cause = "executor-unhealthy"
	// Paused means that the owner, or a rule of the owner, holds work back.
	Paused Cause = "paused"
	// DiskFull means that the disk has no room for work.
	DiskFull Cause = "disk-full"
	// EndpointTrouble means that a node of chain.grpc or chain.others is not asked, or should not be.
	EndpointTrouble Cause = "endpoint-trouble"
	// Earning means that the node was paid within the last hour.
	Earning Cause = "earning"
	// SlotsFull means that the node holds as many assignments as it can.
	SlotsFull Cause = "slots-full"
	// NoTasks means that the class has no open tasks.
	NoTasks Cause = "no-tasks"
	// PriceTooHigh means that the class pays less than policy.min-rewards.
	PriceTooHigh Cause = "price-too-high"
	// HostsUnlisted means that tasks name servers that are not in egress.hosts.
	HostsUnlisted Cause = "hosts-unlisted"
	// PolicyRefuses means that the owner's policy refuses the tasks that there are.
	PolicyRefuses Cause = "policy-refuses"
	// ChainRefuses means that the node does not meet the rules of the tasks that there are.
	ChainRefuses Cause = "chain-refuses"
	// WorkFails means that this machine could not do or deliver what it was given.
	WorkFails Cause = "work-fails"
	// FewTasks means that many nodes share few tasks, so that this node waits for its turn.
	FewTasks Cause = "few-tasks"
	// NotKnown means that facts are missing.
	NotKnown Cause = "unknown"
)

// Finding is a cause that holds.
type Finding struct {
	Cause Cause
	// Sentence says what holds, with its numbers.
	Sentence string
	// Cure says what the owner can do. It is empty if there is nothing to do.
	Cure string
	// Evidence contains the facts from which the cause follows.
	Evidence []string
}

// finder looks for one cause. It returns false if the cause does not hold or is not known to.
type finder func(*Facts) (Finding, bool)

// finders returns what looks for each cause, in order of precedence.
func finders() []finder {
	return []finder{
		findDaemonStopped, findEndpointUnreachable, findOtherChain, findEndpointBehind, findClockOff, findUnproven,
		findUnregistered, findOtherWorker, findRetired, findJailed, findPausedOnChain, findVersionOld, findLeaseLapsed,
		findBondTooSmall, findWeightZero,
		findGrantMissing, findGasTooDear, findDaySpent,
		findExecutorUnhealthy, findPaused, findDiskFull, findEndpointTrouble,
		findEarning, findSlotsFull, findNoTasks, findPriceTooHigh, findHostsUnlisted, findPolicyRefuses, findChainRefuses, findWorkFails,
		findFewTasks, findNotKnown,
	}
}

// Diagnose returns what holds for a node, worst first. There is at least one finding. If facts are
// missing, the last finding names them.
func Diagnose(f Facts) []Finding {
	var found []Finding
	for _, find := range finders() {
		if finding, holds := find(&f); holds {
			found = append(found, finding)
		}
	}
	if len(found) == 0 {
		found = append(found, Finding{
			Cause:    FewTasks,
			Sentence: "The node is ready and waits until it is drawn; nothing holds it back.",
		})
	}
	return found
}

// says returns a finding with a sentence and a cure.
func says(cause Cause, cure, format string, args ...any) Finding {
	return Finding{Cause: cause, Sentence: fmt.Sprintf(format, args...), Cure: cure}
}

// with adds evidence to a finding.
func (f Finding) with(format string, args ...any) Finding {
	f.Evidence = append(f.Evidence, fmt.Sprintf(format, args...))
	return f
}

// none is the answer of a finder whose cause does not hold.
func none() (Finding, bool) { return Finding{}, false }
