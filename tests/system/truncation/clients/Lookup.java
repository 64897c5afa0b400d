// SPDX-License-Identifier: Apache-2.0
import java.net.InetAddress;

/** One address a line, as Java programs get them. */
public class Lookup {
    public static void main(String[] args) throws Exception {
        for (InetAddress a : InetAddress.getAllByName(args[0])) {
            System.out.println(a.getHostAddress());
        }
    }
}
