// Command openapi turns the output of the schema generator into the description of the node's
// REST gateway: it names the document, groups operations by module and gives each operation
// an id.
//
// Usage: go run ./scripts/openapi GENERATED > docs/static/openapi.json
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
)

// object is a JSON object.
type object = map[string]any

// tag is a group of operations.
type tag struct {
	Name        string `json:"name"`
	Description string `json:"description"`
}

// tags returns the groups in the order of the page: the chain's own modules first.
func tags() []tag {
	return []tag{
		{"compute", "Jobs, tasks, draws, verdicts and receipts."},
		{"edgenode", "Edge nodes: hardware classes, bonds, weights, faults."},
		{"beacon", "Public randomness, verified on chain."},
		{"rewards", "What is earned: fee split, ledger, claims, least gas price."},
		{"feemarket", "What a unit of gas costs, how a block's gas is divided."},
		{"tally", "How votes on proposals count: stakers, bonds of nodes, verdicts."},
		{"tx", "Transactions: simulate, broadcast, look up."},
		{"auth", "Accounts: numbers, sequences, public keys."},
		{"bank", "Balances, supply and denominations."},
		{"staking", "Validators, delegations, unbonding."},
		{"distribution", "Rewards of validators and delegators, the community pool."},
		{"slashing", "Signing records of validators."},
		{"gov", "Proposals, deposits and votes."},
		{"feegrant", "Who pays whose fees."},
		{"authz", "Who may send which messages for whom."},
		{"mint", "Issuance of new coins."},
		{"upgrade", "Planned upgrades and the versions of modules."},
		{"evidence", "Evidence of misbehaviour of validators."},
		{"epochs", "Periods of the chain."},
		{"consensus", "Parameters of consensus."},
		{"node", "This node: its settings and newest height."},
		{"blocks", "Blocks and validator sets, as CometBFT keeps them."},
	}
}

const description = `The REST gateway of a Theta Edge node: every query of the chain's own modules and of
the Cosmos SDK's, and the transaction service. Amounts are whole numbers of atfuel, of
which 10^18 are one tfuel; 64-bit numbers are strings. The header
x-cosmos-block-height asks for the state at a height. GET /theta/health, which is no
query, says how the node is.`

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "openapi:", err)
		os.Exit(1)
	}
}

func run() error {
	if len(os.Args) != 2 {
		return fmt.Errorf("expected the generated document as the only argument, found %d arguments", len(os.Args)-1)
	}
	raw, err := os.ReadFile(os.Args[1])
	if err != nil {
		return err
	}
	var document object
	if err := json.Unmarshal(raw, &document); err != nil {
		return err
	}
	if err := arrange(document); err != nil {
		return err
	}
	encoder := json.NewEncoder(os.Stdout)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", " ")
	return encoder.Encode(document)
}

// arrange changes the document in place.
func arrange(document object) error {
	document["info"] = object{"title": "Theta Edge", "version": "v1", "description": description}
	document["tags"] = tags()
	known := func(name string) bool {
		return slices.ContainsFunc(tags(), func(t tag) bool { return t.Name == name })
	}
	paths, _ := document["paths"].(object)
	ids := map[string]string{}
	for path, verbs := range paths {
		group := groupOf(path)
		if !known(group) {
			return fmt.Errorf("%s: expected a path of a known group, found %q; add it to the tags", path, group)
		}
		for verb, operation := range verbs.(object) {
			op, ok := operation.(object)
			if !ok {
				continue
			}
			op["tags"] = []string{group}
			id := fmt.Sprintf("%s_%v", group, op["operationId"])
			if other, taken := ids[id]; taken {
				return fmt.Errorf("%s %s: expected an id of its own, found %s of %s", verb, path, id, other)
			}
			ids[id], op["operationId"] = path, id
		}
	}
	return prune(document)
}

var shape = regexp.MustCompile(`^/(theta|cosmos)/(base/)?([a-z0-9]+)/`)

// groupOf returns the module of a path.
func groupOf(path string) string {
	parts := shape.FindStringSubmatch(path)
	if parts == nil {
		return ""
	}
	if parts[3] == "tendermint" {
		return "blocks"
	}
	return parts[3]
}

var reference = regexp.MustCompile(`"#/definitions/([^"]+)"`)

// prune removes definitions that are not referenced.
func prune(document object) error {
	definitions, _ := document["definitions"].(object)
	needed := map[string]bool{}
	var visit func(value any) error
	visit = func(value any) error {
		raw, err := json.Marshal(value)
		if err != nil {
			return err
		}
		for _, found := range reference.FindAllStringSubmatch(string(raw), -1) {
			if name := found[1]; !needed[name] {
				needed[name] = true
				if err := visit(definitions[name]); err != nil {
					return err
				}
			}
		}
		return nil
	}
	if err := visit(document["paths"]); err != nil {
		return err
	}
	for name, definition := range definitions {
		if !needed[name] {
			delete(definitions, name)
			continue
		}
		shorten(definition)
	}
	return nil
}

// shorten keeps the first paragraph of the long texts about google.protobuf.Any, which are
// repeated at every field of that type.
func shorten(value any) {
	switch v := value.(type) {
	case object:
		if text, ok := v["description"].(string); ok && strings.Contains(text, "protoc") && len(text) > 400 {
			v["description"], _, _ = strings.Cut(text, "\n\n")
		}
		for _, inner := range v {
			shorten(inner)
		}
	case []any:
		for _, inner := range v {
			shorten(inner)
		}
	}
}
