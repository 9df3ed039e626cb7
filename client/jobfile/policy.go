package jobfile

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
	// AnyNode stands for a drawn node in a field that can also name a node.
	AnyNode = "any"
)

// Policy says how results are verified: by a quorum, by audits, or by trust.
type Policy struct {
	// Quorum is how many nodes run a task without seeing each other's results. The default
	// is one node.
	Quorum Count `yaml:"quorum"`
	// Audit is the probability that auditors run the task as well, such as "10%".
	Audit Share `yaml:"audit"`
	// Auditors is the number of auditors.
	Auditors Count `yaml:"auditors"`
	// Samples is the least number of tasks of a chunk that auditors run again. The default
	// is the chain's.
	Samples Count `yaml:"samples"`
	// Trust names the node that runs the tasks and whose results are trusted, or AnyNode.
	Trust string `yaml:"trust"`
	// ReviewBlocks is how long a result can be rejected under Trust; after that it counts
	// as accepted.
	ReviewBlocks Count `yaml:"review_blocks"`
	// ChallengeBlocks is how long any account can challenge an accepted result. The stakes
	// of its nodes stay locked meanwhile.
	ChallengeBlocks Count `yaml:"challenge_blocks"`
	// OwnRisk has nodes slashed for results that differ, although neither the profile nor
	// governance declares the program deterministic.
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

// ParseShare reads a share such as "10%", with at most two digits after the point. A share
// of 0 is refused, because a job that asks for audits that never happen is probably a
// mistake.
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

// setDefaults fills in what the file leaves out. chunked reports whether it asks for chunks
// of several tasks: each of them is audited by default, because auditors run only a sample
// of its tasks.
func (p *Policy) setDefaults(chunked bool) {
	switch {
	case p.Trust != "":
		if p.ReviewBlocks == 0 {
			p.ReviewBlocks = defaultReviewBlocks
		}
	case chunked && p.chunkable() && p.Audit == 0:
		p.Audit = computetypes.BasisPoints
	case p.Quorum == 0 && p.Audit == 0:
		p.Quorum = defaultQuorum
	}
	if p.Audit > 0 && p.Auditors == 0 {
		p.Auditors = defaultAuditors
	}
}

// validate finds fields that contradict each other. The chain checks the values.
func (p *Policy) validate() error {
	switch {
	case p.Trust != "" && (p.Quorum != 0 || p.Audit != 0 || p.Auditors != 0 || p.Samples != 0 || p.OwnRisk || p.ChallengeBlocks != 0):
		return errors.New("policy: expected trust without other kinds of verification, found it with quorum, audit, auditors, samples, challenge_blocks or own_risk; leave these out")
	case p.Trust == "" && p.ReviewBlocks != 0:
		return errors.New("policy: expected review_blocks only with trust, because results of a quorum or of audits are not reviewed; leave it out")
	case p.Auditors != 0 && p.Audit == 0:
		return errors.New("policy: expected the probability of an audit, such as audit: 10%, found only auditors")
	case p.Samples != 0 && (p.Audit == 0 || p.Quorum != 0):
		return errors.New("policy: expected samples with audit and without quorum, because auditors sample the tasks of a chunk; leave samples out")
	case p.Samples > computetypes.MaxSamples:
		return fmt.Errorf("policy: expected at most %d samples, found %d", computetypes.MaxSamples, p.Samples)
	}
	return nil
}

// spec returns the policy in the chain's form.
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
		out.Kind, out.Replicas, out.Samples = computetypes.POLICY_KIND_AUDIT, 1, nodes(p.Samples)
	}
	return out
}

// nodes returns a number of nodes in the chain's form, which refuses the largest number.
func nodes(count Count) uint32 { return uint32(min(count, math.MaxUint32)) } //nolint:gosec // bounded
