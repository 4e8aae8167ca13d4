#include "CCrypto.h"
#include <openssl/evp.h>
