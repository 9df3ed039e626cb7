package app

import (
	"testing"

	dbm "github.com/cosmos/cosmos-db"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/encoding/protowire"
	protov2 "google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/dynamicpb"
	"google.golang.org/protobuf/types/known/anypb"

	basev1beta1 "cosmossdk.io/api/cosmos/base/v1beta1"
	feegrantv1beta1 "cosmossdk.io/api/cosmos/feegrant/v1beta1"
	txv1beta1 "cosmossdk.io/api/cosmos/tx/v1beta1"
	"cosmossdk.io/log/v2"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/app/params"
)

type noOptions struct{}

func (noOptions) Get(string) any { return nil }

// txWith returns the bytes of a tx with one message.
func txWith(t *testing.T, message protov2.Message) []byte {
	t.Helper()
	value, err := protov2.Marshal(message)
	require.NoError(t, err)
	body, err := protov2.Marshal(&txv1beta1.TxBody{Messages: []*anypb.Any{
		{TypeUrl: "/" + string(message.ProtoReflect().Descriptor().FullName()), Value: value},
	}})
	require.NoError(t, err)
	raw, err := protov2.Marshal(&txv1beta1.TxRaw{BodyBytes: body})
	require.NoError(t, err)
	return raw
}

// withInteger returns messages of a type in which one integer is set to a text: one message
// for each field that may contain an integer.
func withInteger(descriptor protoreflect.MessageDescriptor, text string, above []protoreflect.FullName) map[string]*dynamicpb.Message {
	found := map[string]*dynamicpb.Message{}
	for _, name := range above {
		if name == descriptor.FullName() {
			return found
		}
	}
	fields := descriptor.Fields()
	for i := range fields.Len() {
		field := fields.Get(i)
		switch {
		case field.IsMap():
		case isInteger(field):
			value := protoreflect.ValueOfString(text)
			if field.Kind() == protoreflect.BytesKind {
				value = protoreflect.ValueOfBytes([]byte(text))
			}
			found[string(field.Name())] = with(descriptor, field, value)
		case field.Message() != nil:
			for path, inner := range withInteger(field.Message(), text, append(above, descriptor.FullName())) {
				found[string(field.Name())+"."+path] = with(descriptor, field, protoreflect.ValueOfMessage(inner))
			}
		}
	}
	return found
}

func with(descriptor protoreflect.MessageDescriptor, field protoreflect.FieldDescriptor, value protoreflect.Value) *dynamicpb.Message {
	message := dynamicpb.NewMessage(descriptor)
	if field.IsList() {
		message.Mutable(field).List().Append(value)
	} else {
		message.Set(field, value)
	}
	return message
}

func TestNoIntegerOfAnyMessageIsReadInAnotherBase(t *testing.T) {
	params.SetSDKDefaults()
	chain := New(log.NewNopLogger(), dbm.NewMemDB(), true, noOptions{})
	registry := chain.InterfaceRegistry()
	check := decimalTxs{files: registry}
	places := 0
	for _, url := range registry.ListImplementations(sdk.MsgInterfaceProtoName) {
		descriptor, err := check.find(protoreflect.FullName(url[1:]))
		require.NoError(t, err)
		for text, wrong := range map[string]bool{
			"0": false, "10": false, "-7": false, "115792089237316195423570985008687907853269984665640564039457584007913129639935": false,
			"010": true, "00": true, "0x10": true, "0b1": true, "0o7": true, "1_000": true, "+5": true, "-0": true, "\t1": true, "１": true, "1.5": true, "x": true,
		} {
			for path, message := range withInteger(descriptor, text, nil) {
				places++
				err := check.check(txWith(t, message))
				if wrong {
					require.ErrorContains(t, err, "expected decimal digits", "%s %s = %q", url, path, text)
					continue
				}
				require.NoError(t, err, "%s %s = %q", url, path, text)
			}
		}
	}
	require.Greater(t, places, 500, "the messages of the chain hold integers")
	t.Logf("%d texts in places", places)
}

func TestIntegersOfMessagesInMessagesAreLookedAt(t *testing.T) {
	params.SetSDKDefaults()
	chain := New(log.NewNopLogger(), dbm.NewMemDB(), true, noOptions{})
	check := decimalTxs{files: chain.InterfaceRegistry()}
	exec, err := check.find("cosmos.authz.v1beta1.MsgExec")
	require.NoError(t, err)
	send, err := check.find("cosmos.bank.v1beta1.MsgSend")
	require.NoError(t, err)
	wrap := func(inner protov2.Message) protov2.Message {
		raw, err := protov2.Marshal(inner)
		require.NoError(t, err)
		packed := &anypb.Any{TypeUrl: "/" + string(inner.ProtoReflect().Descriptor().FullName()), Value: raw}
		return with(exec, exec.Fields().ByName("msgs"), protoreflect.ValueOfMessage(packed.ProtoReflect()))
	}
	for text, wrong := range map[string]bool{"10": false, "010": true} {
		var message protov2.Message = withInteger(send, text, nil)["amount.amount"]
		for depth := range 10 {
			message = wrap(message)
			err := check.check(txWith(t, message))
			require.Equal(t, wrong, err != nil, "%q at depth %d: %v", text, depth+1, err)
		}
		for range maxNesting {
			message = wrap(message)
		}
		require.ErrorContains(t, check.check(txWith(t, message)), "nested at most")
	}
}

func TestTheFeeOfATxIsDecimalToo(t *testing.T) {
	params.SetSDKDefaults()
	chain := New(log.NewNopLogger(), dbm.NewMemDB(), true, noOptions{})
	check := decimalTxs{files: chain.InterfaceRegistry()}
	for text, wrong := range map[string]bool{"10": false, "010": true} {
		auth, err := protov2.Marshal(&txv1beta1.AuthInfo{Fee: &txv1beta1.Fee{Amount: []*basev1beta1.Coin{{Denom: "atfuel", Amount: text}}}})
		require.NoError(t, err)
		raw, err := protov2.Marshal(&txv1beta1.TxRaw{AuthInfoBytes: auth})
		require.NoError(t, err)
		require.Equal(t, wrong, check.check(raw) != nil)
	}
}

// Decoders merge the occurrences of a message: the type of the last one would apply to the
// content of the first.
func TestWhatIsPackedCannotBeSplitIntoTypeAndContent(t *testing.T) {
	params.SetSDKDefaults()
	chain := New(log.NewNopLogger(), dbm.NewMemDB(), true, noOptions{})
	for text, wrong := range map[string]bool{"10": false, "010": true} {
		allowance, err := protov2.Marshal(&feegrantv1beta1.BasicAllowance{SpendLimit: []*basev1beta1.Coin{{Denom: "atfuel", Amount: text}}})
		require.NoError(t, err)
		address := sdk.AccAddress(make([]byte, 20)).String()
		for split, parts := range map[bool][]*anypb.Any{
			false: {{TypeUrl: "/cosmos.feegrant.v1beta1.BasicAllowance", Value: allowance}},
			true: {
				// Its first field accepts any text.
				{TypeUrl: "/cosmos.authz.v1beta1.GenericAuthorization", Value: allowance},
				{TypeUrl: "/cosmos.feegrant.v1beta1.BasicAllowance"},
			},
		} {
			grant, err := protov2.Marshal(&feegrantv1beta1.MsgGrantAllowance{Granter: address, Grantee: address})
			require.NoError(t, err)
			for _, part := range parts {
				raw, err := protov2.Marshal(part)
				require.NoError(t, err)
				grant = protowire.AppendBytes(protowire.AppendTag(grant, 3, protowire.BytesType), raw)
			}
			body, err := protov2.Marshal(&txv1beta1.TxBody{Messages: []*anypb.Any{{TypeUrl: "/cosmos.feegrant.v1beta1.MsgGrantAllowance", Value: grant}}})
			require.NoError(t, err)
			auth, err := protov2.Marshal(&txv1beta1.AuthInfo{Fee: &txv1beta1.Fee{}})
			require.NoError(t, err)
			raw, err := protov2.Marshal(&txv1beta1.TxRaw{BodyBytes: body, AuthInfoBytes: auth, Signatures: [][]byte{{1}}})
			require.NoError(t, err)
			_, err = chain.TxConfig().TxDecoder()(raw)
			require.Equal(t, wrong || split, err != nil, "%q split %t: %v", text, split, err)
		}
	}
}

// The decoder returns, without a panic, for any bytes.
func FuzzTxDecoderNeverPanics(f *testing.F) {
	params.SetSDKDefaults()
	chain := New(log.NewNopLogger(), dbm.NewMemDB(), true, noOptions{})
	config := decimalTxs{TxConfig: chain.TxConfig(), files: chain.InterfaceRegistry()}
	decode := config.TxDecoder()
	f.Add([]byte{0x0a, 0x02, 0x0a, 0x00})
	f.Fuzz(func(_ *testing.T, raw []byte) {
		_, _ = decode(raw)
		_ = config.check(raw)
	})
}
