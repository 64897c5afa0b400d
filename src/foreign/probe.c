// SPDX-License-Identifier: Apache-2.0
/* Nothing.  What is made of it is linked with all libraries of this folder, and so names their sonames. */
