package app

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	cosmosproto "github.com/cosmos/cosmos-proto"
	"google.golang.org/protobuf/encoding/protowire"
	protov2 "google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/cosmos/cosmos-sdk/client"
	sdk "github.com/cosmos/cosmos-sdk/types"
	sdkerrors "github.com/cosmos/cosmos-sdk/types/errors"
)

const (
	txName  = protoreflect.FullName("cosmos.tx.v1beta1.Tx")
	anyName = protoreflect.FullName("google.protobuf.Any")
	// integerScalar marks a text field that contains an integer of any size.
	integerScalar = "cosmos.Int"
	// maxNesting is the largest depth of messages inside messages. The SDK's own bounds are
	// narrower, but it only counts messages that are packed in an Any.
	maxNesting = 100
)

// canonicalInteger matches the only accepted form of an integer.
var canonicalInteger = regexp.MustCompile(`^(0|-?[1-9][0-9]*)$`)

// decimalTxs refuses transactions whose integers are not in canonical form. The SDK also
// decodes other forms, in the base that their prefix suggests: for an amount of "010" it
// would move eight coins, although the user who typed it meant ten. The check reads the
// signed bytes, because the decoded messages do not show the form. The rule therefore holds
// for every client.
type decimalTxs struct {
	client.TxConfig
	files protodesc.Resolver
}

// TxDecoder returns the SDK's decoder with this rule.
func (c decimalTxs) TxDecoder() sdk.TxDecoder {
	decode := c.TxConfig.TxDecoder()
	return func(raw []byte) (sdk.Tx, error) {
		tx, err := decode(raw)
		if err != nil {
			return nil, err
		}
		if err := c.check(raw); err != nil {
			return nil, sdkerrors.ErrTxDecode.Wrap(err.Error())
		}
		return tx, nil
	}
}

// check checks the bytes of a tx, which consist of a body and an auth info, as in a Tx, but
// packed.
func (c decimalTxs) check(raw []byte) error {
	message, err := c.find(txName)
	if err != nil {
		return err
	}
	return c.message(message, raw, maxNesting)
}

func (c decimalTxs) find(name protoreflect.FullName) (protoreflect.MessageDescriptor, error) {
	found, err := c.files.FindDescriptorByName(name)
	if err != nil {
		return nil, err
	}
	message, ok := found.(protoreflect.MessageDescriptor)
	if !ok {
		return nil, fmt.Errorf("expected %s to be a message", name)
	}
	return message, nil
}

// message checks an encoded message. It skips fields that the schema does not contain: the
// SDK's decoder determines which of them a tx may contain. A field that holds a single
// message must occur only once, because decoders merge several occurrences: one of them could
// then provide the type of an Any and another its content.
func (c decimalTxs) message(message protoreflect.MessageDescriptor, raw []byte, depth int) error {
	if depth == 0 {
		return fmt.Errorf("expected messages nested at most %d deep", maxNesting)
	}
	if message.FullName() == anyName {
		return c.packed(raw, depth)
	}
	var met []protowire.Number
	return eachText(raw, func(number protowire.Number, text []byte) error {
		field := message.Fields().ByNumber(number)
		switch {
		case field == nil:
			return nil
		case field.Message() != nil:
			if !field.IsList() && !field.IsMap() {
				if slices.Contains(met, number) {
					return fmt.Errorf("%s: expected it once, found it again", field.FullName())
				}
				met = append(met, number)
			}
			return c.message(field.Message(), text, depth-1)
		case isInteger(field) && len(text) > 0 && !canonicalInteger.Match(text):
			return fmt.Errorf("%s: expected decimal digits without leading zeros, found %.80q", field.FullName(), text)
		default:
			return nil
		}
	})
}

// packed checks the message in an Any.
func (c decimalTxs) packed(raw []byte, depth int) error {
	var url, value []byte
	err := eachText(raw, func(number protowire.Number, text []byte) error {
		if number == 1 {
			url = text
		}
		if number == 2 {
			value = text
		}
		return nil
	})
	if err != nil || len(url) == 0 {
		return err
	}
	message, err := c.find(protoreflect.FullName(url[strings.LastIndexByte(string(url), '/')+1:]))
	if err != nil {
		return err
	}
	return c.message(message, value, depth-1)
}

// eachText calls visit for each length-delimited field of an encoded message: texts, bytes,
// messages.
func eachText(raw []byte, visit func(protowire.Number, []byte) error) error {
	for len(raw) > 0 {
		number, kind, n := protowire.ConsumeTag(raw)
		if n < 0 {
			return protowire.ParseError(n)
		}
		raw = raw[n:]
		if kind != protowire.BytesType {
			if n = protowire.ConsumeFieldValue(number, kind, raw); n < 0 {
				return protowire.ParseError(n)
			}
			raw = raw[n:]
			continue
		}
		text, n := protowire.ConsumeBytes(raw)
		if n < 0 {
			return protowire.ParseError(n)
		}
		raw = raw[n:]
		if err := visit(number, text); err != nil {
			return err
		}
	}
	return nil
}

// isInteger reports whether a field contains an integer as text.
func isInteger(field protoreflect.FieldDescriptor) bool {
	if field.Kind() != protoreflect.StringKind && field.Kind() != protoreflect.BytesKind {
		return false
	}
	scalar, ok := protov2.GetExtension(field.Options(), cosmosproto.E_Scalar).(string)
	return ok && scalar == integerScalar
}
