package client

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	computetypes "github.com/thetaedge/theta/x/compute/types"
)

const (
	defaultQuorum       = 3
	defaultAuditors     = 1
	defaultReviewBlocks = 2400
	// AnyNode stands for a node that is drawn, where one may be named.
	AnyNode = "any"
)

// Policy says how results are verified: by a quorum, by audits, or by trust.
type Policy struct {
	// Quorum is how many nodes run a task before anybody sees a result. Without it,
	// one does.
	Quorum Count `yaml:"quorum"`
	// Audit is how probable it is that auditors run the task as well, such as "10%".
	Audit Share `yaml:"audit"`
	// Auditors is how many do then.
	Auditors Count `yaml:"auditors"`
	// Trust names the node that runs the tasks and is believed, or AnyNode.
	Trust string `yaml:"trust"`
	// ReviewBlocks is how long a result may be rejected under Trust; after that it
	// counts as accepted.
	ReviewBlocks Count `yaml:"review_blocks"`
	// ChallengeBlocks is for how long anybody may challenge an accepted result. What
	// its nodes have at stake stays locked meanwhile.
	ChallengeBlocks Count `yaml:"challenge_blocks"`
	// OwnRisk has nodes slashed for results that differ though nobody vouches that
	// the program gives the same everywhere.
	OwnRisk bool `yaml:"own_risk"`
}

// Share is a probability in basis points, written in percent: "10%", "0.5%".
type Share uint32

// UnmarshalYAML reads a share.
func (s *Share) UnmarshalYAML(node *yaml.Node) error {
	share, err := ParseShare(node.Value)
	if err != nil {
		return fmt.Errorf("line %d: %w", node.Line, err)
	}
	*s = share
	return nil
}

// ParseShare reads a share such as "10%", with at most two digits after the point. A
// share of nothing is refused: a job that asks for audits that never come is a slip.
func ParseShare(text string) (Share, error) {
	number, percent := strings.CutSuffix(text, "%")
	whole, fraction, pointed := strings.Cut(number, ".")
	if percent && whole != "" && len(fraction) <= 2 && (!pointed || fraction != "") {
		points, err := strconv.ParseUint(whole+fraction+strings.Repeat("0", 2-len(fraction)), 10, 32)
		if err == nil && points > 0 && points <= computetypes.BasisPoints {
			return Share(points), nil
		}
	}
	return 0, fmt.Errorf("expected a share from 0.01%% to 100%%, such as 10%% or 0.25%%, found %q; leave the field out to have none", text)
}

func (p *Policy) setDefaults() {
	switch {
	case p.Trust != "":
		if p.ReviewBlocks == 0 {
			p.ReviewBlocks = defaultReviewBlocks
		}
	case p.Quorum == 0 && p.Audit == 0:
		p.Quorum = defaultQuorum
	}
	if p.Audit > 0 && p.Auditors == 0 {
		p.Auditors = defaultAuditors
	}
}

// validate finds what contradicts itself; values are for the chain to judge.
func (p *Policy) validate() error {
	switch {
	case p.Trust != "" && (p.Quorum != 0 || p.Audit != 0 || p.Auditors != 0 || p.OwnRisk || p.ChallengeBlocks != 0):
		return errors.New("policy: trust stands alone: leave quorum, audit, auditors, challenge_blocks and own_risk out")
	case p.Trust == "" && p.ReviewBlocks != 0:
		return errors.New("policy: review_blocks belongs to trust: nobody reviews what a quorum or audits verify")
	case p.Auditors != 0 && p.Audit == 0:
		return errors.New("policy: expected how probable an audit is, such as audit: 10%, found auditors alone")
	}
	return nil
}

// spec returns the policy as the chain has it.
func (p *Policy) spec() computetypes.Policy {
	out := computetypes.Policy{
		Kind: computetypes.POLICY_KIND_QUORUM, Replicas: nodes(p.Quorum),
		AuditBps: uint32(p.Audit), Auditors: nodes(p.Auditors), OwnRisk: p.OwnRisk, ChallengeBlocks: uint64(p.ChallengeBlocks),
	}
	switch {
	case p.Trust != "":
		out = computetypes.Policy{Kind: computetypes.POLICY_KIND_TRUST, Replicas: 1, ReviewBlocks: uint64(p.ReviewBlocks)}
		if p.Trust != AnyNode {
			out.Node = p.Trust
		}
	case p.Quorum == 0:
		out.Kind, out.Replicas = computetypes.POLICY_KIND_AUDIT, 1
	}
	return out
}

// nodes is a number of nodes as the chain has it, which refuses the largest.
func nodes(count Count) uint32 { return uint32(min(count, math.MaxUint32)) } //nolint:gosec // bounded

// DescribePolicy says in a few words how results are verified.
func DescribePolicy(p computetypes.Policy) string {
	audits := ""
	if p.AuditBps > 0 {
		audits = fmt.Sprintf(", audited by %d in %d.%02d%% of cases", p.Auditors, p.AuditBps/100, p.AuditBps%100)
	}
	if p.ChallengeBlocks > 0 {
		audits += fmt.Sprintf(", open to challenges for %d blocks", p.ChallengeBlocks)
	}
	switch {
	case p.Kind == computetypes.POLICY_KIND_TRUST && p.Node != "":
		return "trust in " + p.Node
	case p.Kind == computetypes.POLICY_KIND_TRUST:
		return "trust in one node"
	case p.Kind == computetypes.POLICY_KIND_AUDIT:
		return "one node" + audits
	default:
		return fmt.Sprintf("a quorum of %d", p.Replicas) + audits
	}
}

// Placement says which nodes a job asks for.
type Placement struct {
	// Regions are preferred, such as "de" or "us-west".
	Regions []string `yaml:"regions"`
	// Denied operators take no part.
	Denied []string `yaml:"denied"`
	// MinBond is the least bond of a node, such as "100tfuel".
	MinBond string `yaml:"min_bond"`
}

func (p *Placement) spec() (computetypes.Placement, error) {
	out := computetypes.Placement{Regions: p.Regions, Denied: p.Denied}
	if p.MinBond == "" {
		return out, nil
	}
	bond, err := ParseAmount(p.MinBond)
	if err != nil {
		return out, fmt.Errorf("placement: min_bond: %w", err)
	}
	out.MinBond = bond.Amount.String()
	return out, nil
}
