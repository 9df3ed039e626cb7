// Package eventjson writes the JSON of the fields of typed events. The code that calls it is
// generated from the schemas (scripts/protoc-gen-eventjson). The result equals that of
// sdk.TypedEventToEvent, which uses reflection on each field of each event.
package eventjson

import (
	"encoding/base64"
	"encoding/json"
	"strconv"

	"github.com/cosmos/gogoproto/proto"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"
)

// Attribute is a field of an event.
type Attribute struct {
	Key string
	// Value is the field's JSON.
	Value []byte
}

// Event composes an event from its fields, which must be ordered by name.
func Event(e proto.Message, attributes ...Attribute) sdk.Event {
	event := sdk.Event{Type: proto.MessageName(e)}
	for _, a := range attributes {
		event = event.AppendAttributes(sdk.NewAttribute(a.Key, string(a.Value)))
	}
	return event
}

// Each appends a list. A nil list is written as an empty one.
func Each[T any](b []byte, all []T, one func([]byte, *T) []byte) []byte {
	b = append(b, '[')
	for i := range all {
		if i > 0 {
			b = append(b, ',')
		}
		b = one(b, &all[i])
	}
	return append(b, ']')
}

// Amount appends a number of any size, as text. A nil amount is zero.
func Amount(b []byte, amount math.Int) []byte {
	if amount.IsNil() {
		return append(b, `"0"`...)
	}
	if amount.IsUint64() {
		return Uint64(b, amount.Uint64())
	}
	return append(append(append(b, '"'), amount.String()...), '"')
}

// Uint64 appends a number of 64 bits, which is a text in JSON.
func Uint64(b []byte, n uint64) []byte {
	return append(strconv.AppendUint(append(b, '"'), n, 10), '"')
}

// Int64 appends a number of 64 bits, which is a text in JSON.
func Int64(b []byte, n int64) []byte {
	return append(strconv.AppendInt(append(b, '"'), n, 10), '"')
}

// Uint32 appends a number.
func Uint32(b []byte, n uint32) []byte { return strconv.AppendUint(b, uint64(n), 10) }

// Int32 appends a number.
func Int32(b []byte, n int32) []byte { return strconv.AppendInt(b, int64(n), 10) }

// Bool appends true or false.
func Bool(b []byte, value bool) []byte { return strconv.AppendBool(b, value) }

// Enum appends the name of a value, or its number if it has no name.
func Enum(b []byte, value int32, names map[int32]string) []byte {
	if name, known := names[value]; known {
		return append(append(append(b, '"'), name...), '"')
	}
	return Int32(b, value)
}

// Bytes appends bytes in base64, or null for nil.
func Bytes(b, bytes []byte) []byte {
	if bytes == nil {
		return append(b, "null"...)
	}
	return append(base64.StdEncoding.AppendEncode(append(b, '"'), bytes), '"')
}

// Text appends a text between quotes.
func Text(b []byte, text string) []byte {
	for i := range len(text) {
		if c := text[i]; c < ' ' || c > '~' || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&' {
			return escaped(b, text)
		}
	}
	return append(append(append(b, '"'), text...), '"')
}

func escaped(b []byte, text string) []byte {
	quoted, err := json.Marshal(text)
	if err != nil {
		return append(b, `""`...) // json.Marshal never fails for a string
	}
	return append(b, quoted...)
}
