package cmd

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/thetaedge/theta/docs/static"
)

// formEntry explains one parameter.
type formEntry struct {
	// Name is the path of the parameter, such as "jail.fault_window". "[]" stands for each
	// element of a list.
	Name string
	// Now is the present value, or empty for a field of the elements of a list.
	Now string
	// Text is the meaning and the range.
	Text string
}

// coin is the schema of an amount with its denom, whose fields need no explanation.
const coin = "cosmos.base.v1beta1.Coin"

// longestValue is the number of characters of a value that a form shows.
const longestValue = 60

// String returns the entry as lines.
func (e formEntry) String() string {
	value := e.Now
	if len(value) > longestValue {
		value = value[:longestValue] + "…"
	}
	if value != "" {
		value = " = " + value
	}
	return e.Name + value + "\n    " + strings.ReplaceAll(e.Text, "\n", "\n    ") + "\n"
}

// definition is a message in the OpenAPI document.
type definition struct {
	Properties map[string]property `json:"properties"`
}

// property is a field of a message.
type property struct {
	Ref         string     `json:"$ref"`
	Title       string     `json:"title"`
	Description string     `json:"description"`
	Items       *reference `json:"items"`
}

type reference struct {
	Ref string `json:"$ref"`
}

// text returns the comment of the field in its schema.
func (p property) text() string {
	return strings.TrimSpace(strings.TrimSpace(p.Title) + "\n" + strings.TrimSpace(p.Description))
}

// form explains the parameters of a module by the comments of the schemas, which the OpenAPI document
// in this program contains.
type form struct {
	definitions map[string]definition
	entries     []formEntry
}

// explainParams returns an entry for each parameter of a module, with the fields of messages in
// them.
func explainParams(module string, params json.RawMessage) ([]formEntry, error) {
	var document struct {
		Definitions map[string]definition `json:"definitions"`
	}
	if err := json.Unmarshal(static.Document(), &document); err != nil {
		return nil, err
	}
	f := &form{definitions: document.Definitions}
	root := paramsModules()[module].schema + ".Params"
	if module == consensusModule {
		root = "tendermint.types.ConsensusParams"
	}
	err := f.explain(module+".", root, "", params)
	return f.entries, err
}

// explain adds the fields of a message. The parameter key is what fields without a comment are
// looked up by.
func (f *form) explain(key, name, prefix string, object json.RawMessage) error {
	members, err := membersOf(object)
	if err != nil {
		return err
	}
	known := f.definitions[name].Properties
	for _, m := range members {
		p := known[camel(m.name)]
		if m.name == "auth" && name == "tendermint.types.ConsensusParams" {
			p = known["authority"]
		}
		text := p.text()
		if own, has := paramTexts()[key+prefix+m.name]; has {
			text = own
		}
		nested := strings.HasPrefix(string(m.value), "{") && p.Ref != "" && target(p.Ref) != coin
		if text != "" || !nested {
			entry := formEntry{Name: prefix + m.name, Text: text}
			if !nested {
				entry.Now = string(m.value)
			}
			f.entries = append(f.entries, entry)
		}
		switch {
		case nested:
			err = f.explain(key, target(p.Ref), prefix+m.name+".", m.value)
		case p.Items != nil && p.Items.Ref != "" && target(p.Items.Ref) != coin:
			err = f.explainElements(key, target(p.Items.Ref), prefix+m.name+"[].", m.value)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// explainElements explains the fields of the first element of a list, without its values.
func (f *form) explainElements(key, name, prefix string, list json.RawMessage) error {
	var elements []json.RawMessage
	if err := json.Unmarshal(list, &elements); err != nil || len(elements) == 0 {
		return err
	}
	from := len(f.entries)
	if err := f.explain(key, name, prefix, elements[0]); err != nil {
		return err
	}
	for i := range f.entries[from:] {
		f.entries[from+i].Now = ""
	}
	return nil
}

func target(ref string) string { return strings.TrimPrefix(ref, "#/definitions/") }

// camel returns the name of a field in the OpenAPI document.
func camel(name string) string {
	words := strings.Split(name, "_")
	for i, word := range words[1:] {
		if word != "" {
			words[i+1] = strings.ToUpper(word[:1]) + word[1:]
		}
	}
	return strings.Join(words, "")
}

// paramTexts explains the parameters whose schemas have no comments here: of the SDK and of IBC.
func paramTexts() map[string]string {
	share := func(what string) string { return fmt.Sprintf("%s A share of 1, from 0 to 1.", what) }
	return map[string]string{
		"auth.max_memo_characters":                   "Highest number of characters of a transaction's memo; above 0.",
		"auth.tx_sig_limit":                          "Highest number of signatures of a transaction; above 0.",
		"auth.tx_size_cost_per_byte":                 "Gas per byte of a transaction; above 0. Raising it makes large transactions dearer.",
		"auth.sig_verify_cost_ed25519":               "Gas for checking an ed25519 signature; above 0.",
		"auth.sig_verify_cost_secp256k1":             "Gas for checking a secp256k1 signature; above 0. Raising it makes every transaction dearer.",
		"bank.default_send_enabled":                  "Whether denoms without an entry of their own can be sent: true or false. With false, payments stop.",
		"bank.send_enabled":                          "Not used any more; leave it empty. MsgSetSendEnabled sets whether a denom can be sent.",
		"distribution.base_proposer_reward":          "Not used any more; leave it at 0.",
		"distribution.bonus_proposer_reward":         "Not used any more; leave it at 0.",
		"distribution.community_tax":                 share("Part of fees and inflation that goes to the community pool."),
		"distribution.withdraw_addr_enabled":         "Whether delegators may have rewards paid to another account: true or false.",
		"gov.min_deposit":                            "Deposit from which on a proposal is voted on, in each denom; above 0. Raising it keeps poor proposals out, and poor proposers.",
		"gov.expedited_min_deposit":                  "Deposit from which on an expedited proposal is voted on; above min_deposit.",
		"gov.max_deposit_period":                     "Time in which a proposal has to get its deposit; above 0, such as 172800s. After that it is removed.",
		"gov.voting_period":                          "Time for which a proposal is voted on; above expedited_voting_period, such as 172800s. Bonds younger than this do not count.",
		"gov.expedited_voting_period":                "Time for which an expedited proposal is voted on; above 0 and below voting_period.",
		"gov.quorum":                                 share("Least part of the voting power that has to vote for a proposal to count. Raising it stops government when few vote."),
		"gov.threshold":                              share("Part of the votes, without abstentions, that must be exceeded by yes for a proposal to pass; above 0."),
		"gov.expedited_threshold":                    share("The same for an expedited proposal; above threshold. One that fails goes on as an ordinary proposal."),
		"gov.veto_threshold":                         share("Part of the votes that must be exceeded by no with veto for a proposal to fail whatever its yes votes; above 0. Lowering it lets few stop every proposal."),
		"gov.min_initial_deposit_ratio":              share("Part of the deposit that the proposer has to pay with the proposal. With 0, proposals cost nothing at first."),
		"gov.min_deposit_ratio":                      share("Least size of a later deposit, as a part of the deposit of a proposal. With 0, deposits of any size are stored."),
		"gov.proposal_cancel_ratio":                  share("Part of the deposit that is lost when the proposer cancels a proposal."),
		"gov.proposal_cancel_dest":                   "Account that gets what is lost by a cancellation; empty burns it.",
		"gov.burn_vote_quorum":                       "Whether deposits of proposals without a quorum are burned: true or false.",
		"gov.burn_proposal_deposit_prevote":          "Whether deposits of proposals that never got enough of them are burned: true or false.",
		"gov.burn_vote_veto":                         "Whether deposits of vetoed proposals are burned: true or false. With false, spam that is vetoed costs nothing.",
		"staking.unbonding_time":                     "Time for which stake stays locked and can be slashed after it was withdrawn; above 0, such as 1814400s. It has to be longer than the trusting periods of light clients.",
		"staking.max_validators":                     "Highest number of validators that sign blocks; above 0. Those with less stake wait.",
		"staking.max_entries":                        "Highest number of withdrawals that a delegator may have under way with one validator, and of moves between two; above 0.",
		"staking.historical_entries":                 "Number of past validator sets that are kept; 0 keeps none. Light clients of other chains need some.",
		"staking.bond_denom":                         "Denom that can be staked. Changing it leaves all present stake without use.",
		"staking.min_commission_rate":                share("Lowest commission that a validator may ask of its delegators. Raising it raises lower ones."),
		"slashing.signed_blocks_window":              "Number of blocks over which the signatures of a validator are counted; above 0.",
		"slashing.min_signed_per_window":             share("Part of the window that a validator must sign. A validator that signs less is jailed and slashed."),
		"slashing.downtime_jail_duration":            "Time for which a validator that signed too little stays in jail; above 0, such as 600s.",
		"slashing.slash_fraction_double_sign":        share("Part of the stake that a validator and its delegators lose if it signs two blocks of one height."),
		"slashing.slash_fraction_downtime":           share("Part of the stake that a validator and its delegators lose if it signs too little."),
		"transfer.send_enabled":                      "Whether coins can be sent to other chains: true or false. With false, coins of other chains that are here cannot return either.",
		"transfer.receive_enabled":                   "Whether coins can come from other chains: true or false. With false, coins of this chain that are elsewhere cannot return.",
		"ica-controller.controller_enabled":          "Whether accounts of this chain can have accounts on other chains: true or false.",
		"ica-host.host_enabled":                      "Whether accounts of other chains can have accounts on this one: true or false. With false, existing ones cannot send anything.",
		"ica-host.allow_messages":                    "Type URLs of the messages that accounts of other chains may send here, such as /cosmos.bank.v1beta1.MsgSend. A single * allows every message, also those whose price is checked only in transactions.",
		"ibc-client.allowed_clients":                 "Kinds of light clients that can be created and used, such as 07-tendermint. A single * allows all. Removing one that is in use stops its connections.",
		"ibc-connection.max_expected_time_per_block": "Longest time between two blocks that is expected, in nanoseconds; above 0. It says how many blocks a packet waits on a connection with a delay.",
		"consensus.auth.authority":                   "Account that may change the parameters of all modules of the SDK and of this chain in place of x/gov; empty means x/gov. Changing it takes that power from the voters.",
		"consensus.validator.pub_key_types":          "Kinds of keys that validators may have, such as ed25519. Removing one that is in use stops its validators.",
	}
}
