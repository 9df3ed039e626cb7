package cmd

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/cosmos/gogoproto/proto"
	"google.golang.org/grpc"

	"github.com/cosmos/cosmos-sdk/codec"
)

// consensusModule is the only module whose parameters are not one field of the message.
const consensusModule = "consensus"

// paramsModule says where the parameters of a module are, and who changes them.
type paramsModule struct {
	// schema is the package of the module's schemas.
	schema string
	// query is the name of the query for the parameters.
	query string
	// signer is the field of MsgUpdateParams with the account that changes the parameters.
	signer string
}

// paramsModules returns the modules whose parameters governance changes.
func paramsModules() map[string]paramsModule {
	usual := func(schema string) paramsModule {
		return paramsModule{schema: schema, query: "Params", signer: "authority"}
	}
	ibc := func(schema, query string) paramsModule {
		return paramsModule{schema: "ibc." + schema, query: query, signer: "signer"}
	}
	return map[string]paramsModule{
		"auth": usual("cosmos.auth.v1beta1"), "bank": usual("cosmos.bank.v1beta1"),
		consensusModule: usual("cosmos.consensus.v1"), "distribution": usual("cosmos.distribution.v1beta1"),
		"gov":      usual("cosmos.gov.v1"),
		"slashing": usual("cosmos.slashing.v1beta1"), "staking": usual("cosmos.staking.v1beta1"),
		"beacon": usual("theta.beacon.v1"), "compute": usual("theta.compute.v1"), "edgenode": usual("theta.edgenode.v1"),
		"feemarket": usual("theta.feemarket.v1"), "rewards": usual("theta.rewards.v1"),
		"tally":          usual("theta.tally.v1"),
		"transfer":       ibc("applications.transfer.v1", "Params"),
		"ica-controller": ibc("applications.interchain_accounts.controller.v1", "Params"),
		"ica-host":       ibc("applications.interchain_accounts.host.v1", "Params"),
		"ibc-client":     ibc("core.client.v1", "ClientParams"),
		"ibc-connection": ibc("core.connection.v1", "ConnectionParams"),
	}
}

// currentParams asks a node for the parameters of a module. It returns the message that sets them, and
// the parameters.
func currentParams(
	ctx context.Context, node grpc.ClientConnInterface, cdc codec.Codec, module string,
) (message, params json.RawMessage, err error) {
	m, known := paramsModules()[module]
	if module == "mint" {
		return nil, nil, errors.New("the parameters of mint have no effect on this chain; draft those of rewards, whose emission says what is minted")
	}
	if !known {
		return nil, nil, fmt.Errorf("expected a module with parameters, found %q; modules: %s",
			module, strings.Join(slices.Sorted(maps.Keys(paramsModules())), ", "))
	}
	req, res := newMessage(m.schema+".Query"+m.query+"Request"), newMessage(m.schema+".Query"+m.query+"Response")
	if err := node.Invoke(ctx, "/"+m.schema+".Query/"+m.query, req, res); err != nil {
		return nil, nil, fmt.Errorf("ask for the parameters of %s: %w", module, err)
	}
	raw, err := cdc.MarshalJSON(res)
	if err != nil {
		return nil, nil, err
	}
	var answer struct {
		Params json.RawMessage `json:"params"`
	}
	if err := json.Unmarshal(raw, &answer); err != nil {
		return nil, nil, err
	}
	header := fmt.Sprintf(`{"@type":"/%s.MsgUpdateParams",%q:%q,`, m.schema, m.signer, authority())
	if module != consensusModule {
		return json.RawMessage(header + `"params":` + string(answer.Params) + "}"), answer.Params, nil
	}
	fields, err := consensusFields(answer.Params)
	return json.RawMessage(header + string(fields[1:])), fields, err
}

// consensusFields returns the consensus parameters as the message contains them: without the
// version, which only an upgrade changes.
func consensusFields(params json.RawMessage) (json.RawMessage, error) {
	members, err := membersOf(params)
	if err != nil {
		return nil, err
	}
	var fields []string
	for _, m := range members {
		name := m.name
		switch {
		case name == "version" || bytes.Equal(m.value, []byte("null")):
			continue
		case name == "authority":
			name = "auth"
		}
		fields = append(fields, fmt.Sprintf("%q:%s", name, m.value))
	}
	return json.RawMessage("{" + strings.Join(fields, ",") + "}"), nil
}

// newMessage returns an empty message of a registered type.
func newMessage(name string) proto.Message {
	return reflect.New(proto.MessageType(name).Elem()).Interface().(proto.Message)
}

// member is a name and a value of a JSON object.
type member struct {
	name  string
	value json.RawMessage
}

// membersOf returns the members of a JSON object in their order.
func membersOf(object json.RawMessage) ([]member, error) {
	decoder := json.NewDecoder(bytes.NewReader(object))
	if _, err := decoder.Token(); err != nil {
		return nil, err
	}
	var members []member
	for decoder.More() {
		name, err := decoder.Token()
		if err != nil {
			return nil, err
		}
		m := member{name: fmt.Sprint(name)}
		if err := decoder.Decode(&m.value); err != nil {
			return nil, err
		}
		members = append(members, m)
	}
	return members, nil
}
