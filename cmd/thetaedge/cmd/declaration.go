package cmd

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/sidecar/bid"
	computetypes "github.com/thetaedge/theta/x/compute/types"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
)

// undeclared lists the differences between the limits in the settings and those declared on
// the chain. Requesters count nodes by the declared limits.
func undeclared(settings, declared edgenodetypes.TaskLimits) []string {
	var changes []string
	for _, n := range []struct {
		key                string
		settings, declared uint64
		format             func(uint64) string
	}{
		{"max-memory", settings.MemoryBytes, declared.MemoryBytes, computetypes.FormatBytes},
		{"max-device", settings.DeviceBytes, declared.DeviceBytes, computetypes.FormatBytes},
		{"max-input", settings.InputBytes, declared.InputBytes, computetypes.FormatBytes},
		{"max-output", settings.OutputBytes, declared.OutputBytes, computetypes.FormatBytes},
		{"max-fuel", settings.Fuel, declared.Fuel, plain},
		{"max-challenge-blocks", settings.ChallengeBlocks, declared.ChallengeBlocks, plain},
	} {
		if n.settings != n.declared {
			changes = append(changes, fmt.Sprintf("policy.%s is %s, declared is %s", n.key, limitText(n.settings, n.format), limitText(n.declared, n.format)))
		}
	}
	changes = append(changes, undeclaredRates(settings, declared)...)
	if settings.Trust != declared.Trust {
		changes = append(changes, fmt.Sprintf("policy.trust is %s, declared is %s", stanceText(settings.Trust), stanceText(declared.Trust)))
	}
	if asked, said := sdk.Coins(settings.MinRewards), sdk.Coins(declared.MinRewards); !asked.Equal(said) {
		changes = append(changes, fmt.Sprintf("policy.min-rewards is %s, declared is %s", coinsText(asked), coinsText(said)))
	}
	return changes
}

// declaration returns the message that declares limits of an open node, and its slots unless
// slots is 0. It leaves the rest of the profile unchanged. It also returns a description of the
// change; nil when nothing differs. A fee grant must not wait for a declaration: if the chain
// would refuse it, nothing is declared.
func declaration(known edgenodetypes.Node, limits edgenodetypes.TaskLimits, slots uint32, params edgenodetypes.Params) (*edgenodetypes.MsgUpdate, string) {
	p, state := known.Profile, known.State
	differences := undeclared(limits, p.Limits)
	if slots == 0 {
		slots = state.Slots
	}
	if slots != state.Slots {
		differences = append(differences, fmt.Sprintf("--slots is %d, declared is %d", slots, state.Slots))
	}
	changes := strings.Join(differences, "; ")
	if changes == "" {
		return nil, ""
	}
	class, err := params.Class(p.Class)
	if err == nil {
		err = p.Hardware.Meets(class)
	}
	switch {
	case state.Status == edgenodetypes.NODE_STATUS_RETIRED:
		return nil, "\nnot declared, because the node is retired: " + changes
	case err != nil:
		return nil, fmt.Sprintf("\nnot declared, because of its class (%v): %s", err, changes)
	case slots > params.MaxSlots:
		return nil, fmt.Sprintf("\nnot declared, because the node would have %d slots and at most %d are allowed now: %s", slots, params.MaxSlots, changes)
	case slots < min(state.UsedSlots, state.Slots):
		return nil, fmt.Sprintf("\nnot declared, because the node would have %d slots and uses %d now: %s", slots, state.UsedSlots, changes)
	}
	return &edgenodetypes.MsgUpdate{
		Operator: p.Operator, Moniker: p.Moniker, Hardware: p.Hardware, Region: p.Region, Class: p.Class,
		Executors: p.Executors, Slots: slots, Limits: limits,
	}, "\ndeclare the limits of the node: " + changes
}

func plain(n uint64) string { return fmt.Sprint(n) }

func limitText(n uint64, format func(uint64) string) string {
	if n == 0 {
		return "no limit"
	}
	return format(n)
}

func stanceText(stance edgenodetypes.TrustStance) string {
	if stance == edgenodetypes.TRUST_STANCE_UNSPECIFIED {
		return "nothing"
	}
	return strings.ToLower(strings.TrimPrefix(stance.String(), "TRUST_STANCE_"))
}

func coinsText(coins sdk.Coins) string {
	if coins.Empty() {
		return "none"
	}
	return coins.String()
}

// declareAgain is what an operator does about a difference.
const declareAgain = "declare it with: " + bid.Register

// checkDeclaration checks that the chain tells requesters the limits in the settings.
func checkDeclaration(r *report, n *node, found edgenodetypes.Node) {
	policy, err := policyOf(n)
	if err != nil {
		r.line(missing, "declared", "%v", err)
		return
	}
	changes := undeclared(policy.Limits(), found.Profile.Limits)
	if len(changes) == 0 {
		r.line(good, "declared", "the limits declared on the chain are those in [policy]")
		return
	}
	r.line(unsure, "declared", "the limits declared on the chain differ from [policy]: %s; %s", strings.Join(changes, "; "), declareAgain)
}

// warnUndeclared logs the limits that a starting node has in its settings and has not
// declared.
func warnUndeclared(parent context.Context, n *node, logger *slog.Logger) {
	ctx, cancel := context.WithTimeout(parent, 10*time.Second)
	defer cancel()
	found, err := n.reader.Node(ctx, n.worker.Address().String())
	if err != nil {
		return // the agent reports that the worker serves no node, or that the chain does not answer
	}
	policy, err := policyOf(n)
	if err != nil {
		return // it has been read before
	}
	if changes := undeclared(policy.Limits(), found.Profile.Limits); len(changes) > 0 {
		logger.Warn("the limits declared on the chain differ from the settings; "+declareAgain, "differences", strings.Join(changes, "; "))
	}
}
